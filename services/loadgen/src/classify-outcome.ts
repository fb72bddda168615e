/**
 * The one place where the end of an attempt gets its outcome. Exactly one outcome applies to each attempt.
 *
 * What is right is said by the check of the operation, which alone knows the known answer:
 * - `corrupt`: the server said yes and was wrong: other content, another score, another key, a shape that is none.
 * - `stale`: the server answered from a state older than one that it had acknowledged to this user. Absence is the oldest
 *   version of all: 404 for an own, live, acknowledged score is stale, and so is 412 for the version last acknowledged.
 *   Whether that score is lost for good is not for one attempt to say; the read-back says it.
 */
import type { Outcome } from '@encore/contracts';
import type { ExchangeEnd } from './exchange.ts';

/** What the check of an operation says of an answer. */
export type Checked<Value> =
  | { verdict: 'right'; value: Value }
  | { verdict: 'corrupt' | 'stale'; detail: string; definite: boolean }
  | Refusal;

/** The server said no: over HTTP, or as the error result of a tool. */
export interface Refusal {
  verdict: 'refusal';
  /** The HTTP status; 200 when the refusal is a tool's error result. */
  status: number;
  code: string;
  message: string;
  /** The server says that it surely did not happen. */
  definite: boolean;
  retryAfterMs: number | null;
}

export interface Classified {
  outcome: Outcome;
  detail: string;
}

const blamesRequest =
  /^(RPC -3260|IDEMPOTENCY_MISMATCH|ALREADY_EXISTS|VERSION_MISMATCH|INVALID_|MALFORMED_|UNSUPPORTED_|NOT_FOUND|TOO_LARGE|SCORE_TOO_LARGE|EMPTY)/;
const shedCodes = new Set(['OVERLOADED', 'RATE_LIMITED', 'DRAINING']);
const connectionEnded = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
const byCode: Record<string, Outcome> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  UND_ERR_HEADERS_TIMEOUT: 'header_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  // The generator's own faults: nothing was asked of the server.
  EMFILE: 'not_started',
  ENFILE: 'not_started',
  ENOBUFS: 'not_started',
  EADDRNOTAVAIL: 'not_started',
  UND_ERR_INVALID_ARG: 'not_started',
  UND_ERR_DESTROYED: 'not_started',
  UND_ERR_CLOSED: 'not_started',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'not_started',
};

export function classifyOutcome(end: ExchangeEnd, checked: Checked<unknown> | null): Classified {
  switch (end.how) {
    case 'cancelled':
      return { outcome: 'cancelled_at_end', detail: 'the run ended' };
    case 'deadline':
      return { outcome: 'deadline', detail: end.afterHeaders ? 'while reading the answer' : 'before an answer' };
    case 'broken':
      return { outcome: ofBroken(end.code, end.afterHeaders), detail: end.message };
    case 'answered':
      return ofAnswer(checked);
  }
}

function ofBroken(code: string, afterHeaders: boolean): Outcome {
  const known = byCode[code];
  if (known) return known;
  if (connectionEnded.has(code)) return afterHeaders ? 'cut_mid_body' : 'reset_before';
  // The kernel gave up on a connection that had been silent.
  if (code === 'ETIMEDOUT') return afterHeaders ? 'cut_mid_body' : 'connect_timeout';
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'cut_mid_body';
  return 'protocol';
}

function ofAnswer(checked: Checked<unknown> | null): Classified {
  if (checked === null) return { outcome: 'corrupt', detail: 'the answer was not checked' };
  if (checked.verdict === 'right') return { outcome: 'ok', detail: '' };
  if (checked.verdict === 'refusal') {
    const { status, code, message } = checked;
    return { outcome: ofRefusal(checked), detail: `${status} ${code}: ${message}`.slice(0, 300) };
  }
  return { outcome: checked.verdict, detail: checked.detail };
}

function ofRefusal({ status, code, retryAfterMs }: Refusal): Outcome {
  if (code === 'BREAKER_OPEN') return 'breaker_open';
  if (shedCodes.has(code) || status === 429 || (status === 503 && code === '' && retryAfterMs !== null)) return 'shed';
  if (status >= 500) return 'server_error';
  if (status >= 400) return 'client_error_unexpected';
  if (status >= 300) return 'protocol';
  // A tool's error result has a code only: does it blame the request, or is it the server's own trouble?
  return blamesRequest.test(code) ? 'client_error_unexpected' : 'server_error';
}
