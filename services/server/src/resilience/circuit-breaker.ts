/**
 * A circuit breaker: opossum with three thresholds.
 *
 *   closed ── `failures` in a row ──▶ open ── `openMs` ──▶ half open ── `successes` ──▶ closed
 *                                      ▲────── one failure ──────┘
 *
 * Opossum fires the calls, waits while open (`resetTimeout`), rejects, emits and keeps the
 * statistics. Two of its rules are replaced:
 *   - It opens at a percentage of failures. That rule is disabled; the 'failure' listener calls
 *     open().
 *   - It closes after one success, and then admits every call. This breaker stays half open, with
 *     one call (a trial) at a time, until enough trials have succeeded.
 *
 * A call counts only in the period in which it began: the outcome of a call that began before the
 * breaker opened does not affect later periods. Opossum does not know in which period a call
 * began, so timeouts and errors are judged here: it sees only the failures that count.
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

/** How a call ended, unless it failed in a way that counts. */
type Outcome = { value: unknown } | { error: unknown };
type Attempt = () => Promise<Outcome>;

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
  readonly #circuit: Opossum<[Attempt], Outcome>;
  #period: Period = { state: 'closed', failures: 0 };

  constructor(options: BreakerOptions) {
    const { name, openMs, clock } = options;
    this.name = name;
    this.#options = options;
    this.#circuit = new Opossum<[Attempt], Outcome>((attempt) => attempt(), {
      name,
      timeout: false,
      resetTimeout: openMs,
      errorThresholdPercentage: Number.POSITIVE_INFINITY,
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
    try {
      const outcome = await this.#circuit.fire(() => this.#attempt(call, period));
      if ('error' in outcome) throw outcome.error;
      this.#countSuccess(period);
      return outcome.value as T;
    } catch (error) {
      throw error instanceof Error && Opossum.isOurError(error) ? this.#refusal() : error;
    } finally {
      if (period.state === 'half_open') period.trialRunning = false;
    }
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  /** Rejects only with failures that count, so that opossum treats everything else as a success. */
  async #attempt(call: (signal: AbortSignal) => Promise<unknown>, period: Period): Promise<Outcome> {
    try {
      return { value: await this.#withTimeout(call) };
    } catch (error) {
      if (period === this.#period && this.#options.isFailure(error)) throw error;
      return { error };
    }
  }

  /** Rejects with CallTimeout at the timeout, and aborts the call's signal. */
  async #withTimeout(call: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const { timeoutMs } = this.#options;
    const timeout = new AbortController();
    if (timeoutMs === false) return call(timeout.signal);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new CallTimeout(`the call took longer than ${timeoutMs / 1_000} s`);
      late.reject(error);
      timeout.abort(error);
    }, timeoutMs);
    try {
      return await Promise.race([call(timeout.signal), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Called only for calls that began in this period. */
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
