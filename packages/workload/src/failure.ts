/**
 * What a check found wrong with a response. A check returns one of these values, or nothing if the
 * response is correct.
 */
import type { Outcome } from '@encore/contracts/outcome';

export interface Failure {
  outcome: Outcome;
  /** For people; appears in the history and the report. At most 300 characters are kept. */
  detail: string;
  /** As the response states it: the request certainly had no effect, so a write did not happen. */
  definite?: boolean;
}

/** The response is wrong: other content, another object, or a shape that it must not have. */
export function corrupt(detail: string): Failure {
  return { outcome: 'corrupt', detail };
}

/** The response shows an older state than one that was acknowledged to this user. */
export function stale(detail: string, options: { definite?: boolean } = {}): Failure {
  return { outcome: 'stale', detail, ...options };
}

/**
 * The service refused the request in a response whose status does not show it, such as an error
 * inside a 200.
 */
export function refused(
  outcome: 'shed' | 'breaker_open' | 'server_error' | 'client_error_unexpected',
  detail: string,
  options: { definite?: boolean } = {},
): Failure {
  return { outcome, detail, ...options };
}

/** Thrown by `check` and by `response.json()`. It ends the attempt, and with it the operation. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/**
 * Thrown by a request whose last attempt failed. It has ended the operation, whether or not it is
 * caught. Catch it only to remember what has become uncertain, and throw it again.
 */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly outcome: Outcome;
  /** The request may have taken effect: no attempt that reached the service failed for certain. */
  readonly mayHaveHappened: boolean;

  constructor(outcome: Outcome, detail: string, mayHaveHappened: boolean) {
    super(`${outcome}: ${detail}`);
    this.outcome = outcome;
    this.mayHaveHappened = mayHaveHappened;
  }
}
