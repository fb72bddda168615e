/**
 * A circuit breaker: opossum with three thresholds.
 *
 *   closed ── `failures` in a row ──▶ open ── `openMs` ──▶ half open ── `successes` ──▶ closed
 *                                      ▲────── one failure ──────┘
 *
 * Opossum fires the calls, ends those that take too long (`timeout`), passes over the errors that
 * do not count (`errorFilter`), waits while open (`resetTimeout`), rejects, emits and keeps the
 * statistics. Two of its rules are replaced:
 *   - It opens at a percentage of failures. That rule is off; the 'failure' listener calls open().
 *   - It closes after one success, and then admits every call. This breaker stays half open, with
 *     one call (a trial) at a time, until enough trials have succeeded.
 *
 * A call counts only in the period in which it began: the outcome of a call that began before the
 * breaker opened does not affect the periods after.
 */
import type { Clock } from '@encore/kit';
import Opossum from 'opossum';

export interface BreakerOptions {
  name: string;
  /** Consecutive failures that open the breaker. */
  failures: number;
  /** Consecutive successful trials that close it. */
  successes: number;
  openMs: number;
  /**
   * A call that takes longer fails, and its signal is aborted. `false`: calls have their own
   * timeouts.
   */
  timeoutMs: number | false;
  /**
   * Whether a call that rejects with this error counts as failed; if not, it does not count at all.
   */
  isFailure: (error: unknown) => boolean;
  onChange?: (state: BreakerState) => void;
  clock: Clock;
}

export type BreakerState = Period['state'];

type Period =
  | { state: 'closed'; failures: number }
  | { state: 'open'; endsAtMs: number }
  | { state: 'half_open'; successes: number; trialRunning: boolean };

/** The arguments of opossum's fire(). */
type Fired = [call: () => Promise<unknown>, period: Period];

/** The call was refused. */
export class BreakerOpen extends Error {
  /** How long the breaker stays open; null while a trial decides. */
  readonly retryAfterMs: number | null;

  constructor(name: string, retryAfterMs: number | null) {
    super(`circuit breaker ${name} is open`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The call took longer than `timeoutMs`. */
export class CallTimeout extends Error {}

export class CircuitBreaker implements Disposable {
  readonly name: string;
  readonly #options: BreakerOptions;
  readonly #circuit: Opossum<Fired, unknown>;
  #period: Period = { state: 'closed', failures: 0 };

  constructor(options: BreakerOptions) {
    const { name, timeoutMs, openMs, isFailure, clock } = options;
    this.name = name;
    this.#options = options;
    this.#circuit = new Opossum<Fired, unknown>((call) => call(), {
      name,
      timeout: timeoutMs,
      resetTimeout: openMs,
      errorThresholdPercentage: Number.POSITIVE_INFINITY,
      // Opossum also passes the arguments of fire(), which its type declaration omits.
      errorFilter: (error: unknown, ...[, period]: unknown[]) => period !== this.#period || !isFailure(error),
      // Both cost more per call than the rest of the bookkeeping, and nothing reads them.
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit
      .on('failure', () => this.#countFailure())
      .on('open', () => this.#enter({ state: 'open', endsAtMs: clock.now() + openMs }))
      .on('halfOpen', () => this.#enter({ state: 'half_open', successes: 0, trialRunning: false }));
  }

  get state(): BreakerState {
    return this.#period.state;
  }

  /** Whether a call would be admitted now. */
  get admits(): boolean {
    const period = this.#period;
    return period.state === 'closed' || (period.state === 'half_open' && !period.trialRunning);
  }

  /** Counts of the calls of the last 10 s, by outcome. */
  get recent(): { calls: number; failures: number; refused: number } {
    const { successes, failures, rejects } = this.#circuit.stats;
    return { calls: successes + failures, failures, refused: rejects };
  }

  /** Rejects with BreakerOpen, CallTimeout, or what the call rejects with. */
  async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const period = this.#period;
    if (period.state === 'half_open') {
      if (period.trialRunning) throw this.#reject();
      period.trialRunning = true;
    }
    const timeout = new AbortController();
    try {
      const result = (await this.#circuit.fire(() => call(timeout.signal), period)) as T;
      this.#countSuccess(period);
      return result;
    } catch (error) {
      if (!(error instanceof Error && Opossum.isOurError(error))) throw error;
      if (!('code' in error && error.code === 'ETIMEDOUT')) throw this.#refusal();
      timeout.abort(new CallTimeout(`the call took longer than ${this.#options.timeoutMs} ms`));
      throw timeout.signal.reason;
    } finally {
      if (period.state === 'half_open') period.trialRunning = false;
    }
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  /** Called only for calls that began in this period; errorFilter ignores all others. */
  #countFailure(): void {
    const period = this.#period;
    if (period.state === 'closed' && ++period.failures < this.#options.failures) return;
    this.#circuit.open();
  }

  /** For a call that began in an earlier period, this changes an object that is no longer used. */
  #countSuccess(period: Period): void {
    if (period.state === 'closed') period.failures = 0;
    if (period.state !== 'half_open' || ++period.successes < this.#options.successes) return;
    this.#enter({ state: 'closed', failures: 0 });
  }

  #enter(period: Period): void {
    this.#period = period;
    this.#options.onChange?.(period.state);
  }

  /** Rejects a second trial. Opossum closed after the first success and would admit it. */
  #reject(): BreakerOpen {
    const refusal = this.#refusal();
    this.#circuit.emit('reject', refusal);
    return refusal;
  }

  #refusal(): BreakerOpen {
    const period = this.#period;
    const retryAfterMs = period.state === 'open' ? Math.max(0, period.endsAtMs - this.#options.clock.now()) : null;
    return new BreakerOpen(this.name, retryAfterMs);
  }
}
