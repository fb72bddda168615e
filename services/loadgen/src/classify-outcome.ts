/**
 * Maps the end of an attempt to exactly one outcome.
 *
 * The operation's check decides whether a successful response is correct:
 * - `corrupt`: wrong content, score, key or shape.
 * - `stale`: the response shows an older state than one acknowledged to this user. That includes
 *   404 for an acknowledged score and 412 for its acknowledged version. Only the read-back decides
 *   whether the score is lost.
 */
import type { Outcome } from '@encore/contracts';
import type { ExchangeEnd } from './exchange.ts';

/** The result of checking a response. */
export type CheckResult<Value> =
  | { kind: 'ok'; value: Value }
  | { kind: 'corrupt' | 'stale'; detail: string; definite: boolean }
  | Refusal;

/** An error response, over HTTP or as the error result of a tool. */
export interface Refusal {
  kind: 'refusal';
  /** The HTTP status; 200 for the error result of a tool. */
  status: number;
  code: string;
  message: string;
  /** According to the server, the request certainly had no effect. */
  definite: boolean;
  retryAfterMs: number | null;
}

export interface Classified {
  outcome: Outcome;
  detail: string;
}

const clientErrorCodes =
  /^(RPC -3260|IDEMPOTENCY_MISMATCH|ALREADY_EXISTS|VERSION_MISMATCH|INVALID_|MALFORMED_|UNSUPPORTED_|NOT_FOUND|TOO_LARGE|SCORE_TOO_LARGE|EMPTY)/;
const shedCodes = new Set(['OVERLOADED', 'RATE_LIMITED', 'DRAINING']);
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

export function classifyOutcome(end: ExchangeEnd, checked: CheckResult<unknown> | null): Classified {
  switch (end.kind) {
    case 'cancelled':
      return { outcome: 'cancelled_at_end', detail: 'the run ended' };
    case 'deadline':
      return { outcome: 'deadline', detail: end.afterHeaders ? 'while reading the response' : 'before a response' };
    case 'error':
      return { outcome: outcomeOfError(end.code, end.afterHeaders), detail: end.message };
    case 'answered':
      return outcomeOfResponse(checked);
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

function outcomeOfResponse(checked: CheckResult<unknown> | null): Classified {
  if (checked === null) return { outcome: 'corrupt', detail: 'the response was not checked' };
  if (checked.kind === 'ok') return { outcome: 'ok', detail: '' };
  if (checked.kind === 'refusal') {
    const { status, code, message } = checked;
    return { outcome: outcomeOfRefusal(checked), detail: `${status} ${code}: ${message}`.slice(0, 300) };
  }
  return { outcome: checked.kind, detail: checked.detail };
}

function outcomeOfRefusal({ status, code, retryAfterMs }: Refusal): Outcome {
  if (code === 'BREAKER_OPEN') return 'breaker_open';
  if (shedCodes.has(code) || status === 429 || (status === 503 && code === '' && retryAfterMs !== null)) return 'shed';
  if (status >= 500) return 'server_error';
  if (status >= 400) return 'client_error_unexpected';
  if (status >= 300) return 'protocol';
  // A tool's error has no status, so its code decides between client error and server error.
  return clientErrorCodes.test(code) ? 'client_error_unexpected' : 'server_error';
}
