/**
 * How the music server reports errors: as {error: {code, message, definite}}, on /mcp also as
 * JSON-RPC with the same members in `error.data`, and from a tool as its structured content.
 */
import { serverErrorSchema } from '@encore/contracts/server-api';
import { type ErrorFormat, type Failure, refused } from '@encore/workload';

const shedCodes = ['OVERLOADED', 'RATE_LIMITED', 'DRAINING'] as const;
const clientErrorCodes =
  /^(RPC -3260|IDEMPOTENCY_MISMATCH|ALREADY_EXISTS|VERSION_MISMATCH|INVALID_|MALFORMED_|UNSUPPORTED_|NOT_FOUND|TOO_LARGE|SCORE_TOO_LARGE|EMPTY)/;

export const errorFormat: ErrorFormat = {
  code: ['/error/data/code', '/error/code', '/result/structuredContent/error/code'],
  message: ['/error/message'],
  definite: ['/error/data/definite', '/error/definite'],
  outcomes: { BREAKER_OPEN: 'breaker_open', ...Object.fromEntries(shedCodes.map((code) => [code, 'shed' as const])) },
};

/** An error inside a successful HTTP response. Its code decides how the attempt ended. */
export interface ToolError {
  code: string;
  message: string;
  definite: boolean;
}

/** Reads the error content of a tool; `text` is the whole response. */
export function toolErrorOf(content: unknown, text: string): ToolError {
  const error = serverErrorSchema.safeParse(content);
  return error.success ? error.data.error : { code: 'INTERNAL', message: text.slice(0, 200), definite: false };
}

export function refusedBy({ code, message, definite }: ToolError): Failure {
  return refused(outcomeOf(code), `${code}: ${message}`, { definite });
}

function outcomeOf(code: string): Parameters<typeof refused>[0] {
  if (code === 'BREAKER_OPEN') return 'breaker_open';
  if (shedCodes.some((one) => one === code)) return 'shed';
  return clientErrorCodes.test(code) ? 'client_error_unexpected' : 'server_error';
}
