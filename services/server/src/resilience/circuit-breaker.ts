/**
 * A circuit breaker: `failures` consecutive failures open it for `openMs`; then one probe at a time, and `successes` good
 * probes in a row close it. The state is a union and step() the only transition, so each rule is a line of a test.
 *
 *   closed ──failures──▶ open ──waited──▶ half open ──successes──▶ closed
 *                          ▲────────────── failure ┘
 *
 * step() decides; opossum runs what was decided: the state that others see, the timer, the events and the counts of the
 * last seconds. Opossum's own rules are a rate of errors and one good probe, so it is kept from deciding:
 *   - its threshold is infinite: at 100 %, one slow call that fails after the window has moved on is a rate of n/0 and opens it;
 *   - it has no time-out: callers have deadlines, and opossum would report one late call twice;
 *   - it never hears of a call that says nothing (it would close on it), nor of one from before the opening (likewise);
 *   - while half open it lets one call through and closes when that ends well, so this one call is the whole probation.
 */
import type { Clock } from '@encore/kit';
import Opossum from 'opossum';

export interface BreakerRules {
  failures: number;
  successes: number;
  openMs: number;
}

export type BreakerState =
  | { kind: 'closed'; failures: number }
  | { kind: 'open'; until: number }
  | { kind: 'half_open'; successes: number; probing: boolean };

/** `neutral`: the call ended without saying anything about what it called, for example because its arguments were wrong. */
export type BreakerEvent = 'asked' | 'waited' | 'success' | 'failure' | 'neutral';

export const closedBreaker: BreakerState = { kind: 'closed', failures: 0 };

/** `admitted` answers an `asked`: may the call go ahead? */
export function step(
  state: BreakerState,
  event: BreakerEvent,
  now: number,
  rules: BreakerRules,
): { state: BreakerState; admitted: boolean } {
  switch (state.kind) {
    case 'closed':
      if (event === 'success') return { state: closedBreaker, admitted: true };
      if (event !== 'failure') return { state, admitted: true };
      if (state.failures + 1 < rules.failures) {
        return { state: { kind: 'closed', failures: state.failures + 1 }, admitted: true };
      }
      return { state: { kind: 'open', until: now + rules.openMs }, admitted: false };
    case 'open':
      // Calls from before the opening may still end; they must neither close nor prolong it.
      if (event !== 'waited') return { state, admitted: false };
      return { state: { kind: 'half_open', successes: 0, probing: false }, admitted: false };
    case 'half_open':
      if (event === 'asked') return { state: { ...state, probing: true }, admitted: !state.probing };
      if (event === 'waited') return { state, admitted: false };
      if (event === 'failure') return { state: { kind: 'open', until: now + rules.openMs }, admitted: false };
      if (event === 'neutral') return { state: { ...state, probing: false }, admitted: true };
      if (state.successes + 1 >= rules.successes) return { state: closedBreaker, admitted: true };
      return { state: { kind: 'half_open', successes: state.successes + 1, probing: false }, admitted: true };
    default:
      return state satisfies never;
  }
}

export type Verdict = Exclude<BreakerEvent, 'asked' | 'waited'>;

/** A call as opossum knows it: settled when it ended well or badly, left alone when it says nothing. */
type Told = PromiseWithResolvers<void>;

const failed = new Error('the call failed');

export class CircuitBreaker implements Disposable {
  readonly name: string;
  readonly #rules: BreakerRules;
  readonly #clock: Clock;
  readonly #circuit: Opossum<[Promise<void>], void>;
  #state: BreakerState = closedBreaker;
  /** Grows when the breaker changes its kind: calls that began before do not count for the time after. */
  #generation = 0;
  #probation: Told | null = null;

  constructor(name: string, rules: BreakerRules, clock: Clock) {
    this.name = name;
    this.#rules = rules;
    this.#clock = clock;
    this.#circuit = new Opossum((end: Promise<void>) => end, {
      name,
      resetTimeout: rules.openMs,
      errorThresholdPercentage: Number.POSITIVE_INFINITY,
      timeout: false,
      // It would sort the times of all recent calls at every failure.
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit.on('halfOpen', () => this.#apply('waited'));
  }

  get state(): BreakerState['kind'] {
    if (this.#circuit.opened) return 'open';
    return this.#circuit.halfOpen ? 'half_open' : 'closed';
  }

  /** Of the last 10 s. The probes of one probation are one call, which fails when one of them does. */
  get recent(): { calls: number; failures: number; refused: number } {
    const { fires, failures, rejects } = this.#circuit.stats;
    return { calls: fires - rejects, failures, refused: rejects };
  }

  /** How long until the next probe may go, 0 when calls are admitted. */
  get retryAfterMs(): number {
    return this.#state.kind === 'open' ? Math.max(0, this.#state.until - this.#clock.now()) : 0;
  }

  /** Each change of state, when it happens. */
  onChange(listener: (state: BreakerState['kind']) => void): void {
    const changed = (): void => listener(this.state);
    this.#circuit.on('open', changed).on('halfOpen', changed).on('close', changed);
  }

  /** Null when the call must not go ahead; else a function that must be told how it ended. */
  ask(): ((verdict: Verdict) => void) | null {
    const admitted = this.#apply('asked');
    const told = admitted ? this.#tell() : null;
    if (!told) {
      // Opossum, open or with a probe under way, refuses as well, and counts it.
      this.#circuit.fire(Promise.resolve()).catch(() => {});
      return null;
    }
    const generation = this.#generation;
    let ended = false;
    return (verdict) => {
      if (ended || generation !== this.#generation) return;
      ended = true;
      this.#apply(verdict);
      if (this.state === 'half_open') return;
      if (verdict === 'success') told.resolve();
      if (verdict === 'failure') told.reject(failed);
    };
  }

  [Symbol.dispose](): void {
    this.#circuit.shutdown();
  }

  #tell(): Told {
    if (this.#probation) return this.#probation;
    const told = Promise.withResolvers<void>();
    if (this.state === 'half_open') this.#probation = told;
    this.#circuit.fire(told.promise).catch(() => {});
    return told;
  }

  #apply(event: BreakerEvent): boolean {
    const before = this.#state.kind;
    const { state, admitted } = step(this.#state, event, this.#clock.now(), this.#rules);
    this.#state = state;
    if (state.kind !== before) {
      this.#generation += 1;
      this.#probation = null;
      if (state.kind === 'open') this.#circuit.open();
      if (state.kind === 'closed') this.#circuit.close();
    }
    return admitted;
  }
}
