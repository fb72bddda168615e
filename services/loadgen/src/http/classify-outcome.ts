/**
 * Maps the end of an attempt to exactly one outcome.
 *
 * A response is correct if its status is expected and its check finds nothing. The check decides
 * between `corrupt` (wrong content) and `stale` (a state older than an acknowledged one). For an
 * unexpected status, the error format of the workload decides, then the status.
 */
import type { Outcome } from '@encore/contracts/outcome';
import { corrupt, type ErrorFormat, type Failure } from '@encore/workload';
import type { ExchangeEnd, HttpResponse } from './exchange.ts';

const connectionEndCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
const outcomeByCode: Record<string, Outcome> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  UND_ERR_HEADERS_TIMEOUT: 'header_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  // Problems of the generator: no request reached the server.
  EMFILE: 'not_started',
  ENFILE: 'not_started',
  ENOBUFS: 'not_started',
  EADDRNOTAVAIL: 'not_started',
  UND_ERR_INVALID_ARG: 'not_started',
  UND_ERR_DESTROYED: 'not_started',
  UND_ERR_CLOSED: 'not_started',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'not_started',
};

/** Returns the outcome of an exchange without a response. */
export function failureOfExchange(end: Exclude<ExchangeEnd, { kind: 'answered' | 'workload' }>): Failure {
  switch (end.kind) {
    case 'cancelled':
      return { outcome: 'cancelled_at_end', detail: 'the run ended' };
    case 'deadline':
      return { outcome: 'deadline', detail: end.afterHeaders ? 'while reading the response' : 'before a response' };
    case 'error':
      return { outcome: outcomeOfError(end.code, end.afterHeaders), detail: end.message };
  }
}

function outcomeOfError(code: string, afterHeaders: boolean): Outcome {
  const known = outcomeByCode[code];
  if (known) return known;
  if (connectionEndCodes.has(code)) return afterHeaders ? 'cut_mid_body' : 'reset_before';
  // The kernel gave up on a silent connection.
  if (code === 'ETIMEDOUT') return afterHeaders ? 'cut_mid_body' : 'connect_timeout';
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'cut_mid_body';
  return 'protocol';
}

/** Returns null if the status is among the expected ones; by default 200 to 299. */
export function failureOfStatus(
  response: HttpResponse,
  expected: number | readonly number[] | undefined,
  errors: ErrorFormat | undefined,
): Failure | null {
  const { status } = response;
  if (expected === undefined ? status >= 200 && status < 300 : [expected].flat().includes(status)) return null;
  const { code, message, definite } = readError(response, errors);
  const detail = `${status} ${code === '' ? message : `${code}: ${message}`}`.trimEnd();
  if (status < 300) {
    const right = [expected ?? []].flat().join(' or ');
    return corrupt(`status ${status} instead of ${right}`);
  }
  return { outcome: errors?.outcomes?.[code] ?? outcomeOfStatus(response, code), detail, definite };
}

/** The error code in a response with any status, even in the last event of a stream; '' if none. */
export function errorCodeOf(response: HttpResponse, errors: ErrorFormat | undefined): string {
  const data = response.text.split(/\r?\n/).findLast((line) => line.startsWith('data:'));
  return readError(data === undefined ? response : { ...response, text: data.slice(5) }, errors).code;
}

/** Milliseconds of the header Retry-After in seconds; 0 without one. */
export function retryAfterMsOf({ headers }: HttpResponse): number {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
}

function outcomeOfStatus({ status, headers }: HttpResponse, code: string): Outcome {
  if (status === 429 || (status === 503 && code === '' && headers['retry-after'] !== undefined)) return 'shed';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'client_error_unexpected' : 'protocol';
}

function readError(
  { text }: HttpResponse,
  format: ErrorFormat | undefined,
): { code: string; message: string; definite: boolean } {
  const none = { code: '', message: text.slice(0, 200), definite: false };
  if (format === undefined) return none;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return none;
  }
  const firstOf = (pointers: readonly string[] = [], type: 'string' | 'boolean'): unknown =>
    pointers.map((pointer) => valueAt(body, pointer)).find((value) => typeof value === type);
  const code = firstOf(format.code, 'string');
  if (typeof code !== 'string') return none;
  const message = firstOf(format.message, 'string');
  return {
    code,
    message: typeof message === 'string' ? message : '',
    definite: firstOf(format.definite, 'boolean') === true,
  };
}

/** Follows a JSON pointer (RFC 6901). */
function valueAt(value: unknown, pointer: string): unknown {
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );
}
