/**
 * How the music server reports errors: as {error: {code, message, definite}}, on /mcp also as
 * JSON-RPC with the same members in `error.data`, and from a tool as its structured content.
 */
import { type ErrorCode, errorTable, isErrorCode } from '@encore/contracts/errors';
import { serverErrorSchema } from '@encore/contracts/server-api';
import { type ErrorFormat, type Failure, refused } from '@encore/workload';

/** The other codes end an attempt as their status does. */
const outcomes = {
  BREAKER_OPEN: 'breaker_open',
  OVERLOADED: 'shed',
  RATE_LIMITED: 'shed',
  DRAINING: 'shed',
} as const satisfies Partial<Record<ErrorCode, string>>;

export const errorFormat: ErrorFormat = {
  code: ['/error/data/code', '/error/code', '/result/structuredContent/error/code'],
  message: ['/error/message'],
  definite: ['/error/data/definite', '/error/definite'],
  outcomes,
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
  if (!isErrorCode(code)) return code.startsWith('RPC -3260') ? 'client_error_unexpected' : 'server_error';
  if (code in outcomes) return outcomes[code as keyof typeof outcomes];
  return errorTable[code].status < 500 ? 'client_error_unexpected' : 'server_error';
}
