/**
 * A circuit breaker: `failures` consecutive failures open it for `openMs`; then one probe at a time, and `successes` good
 * probes in a row close it. The state is a union and step() the only transition, so each rule is a line of a test.
 *
 *   closed ──failures──▶ open ──time──▶ half open ──successes──▶ closed
 *                          ▲───────────── failure ┘
 */
import type { Clock } from '@encore/kit';

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
export type BreakerEvent = 'asked' | 'success' | 'failure' | 'neutral';

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
      if (event !== 'asked' || now < state.until) return { state, admitted: false };
      return { state: { kind: 'half_open', successes: 0, probing: true }, admitted: true };
    case 'half_open':
      if (event === 'asked') return { state: { ...state, probing: true }, admitted: !state.probing };
      if (event === 'failure') return { state: { kind: 'open', until: now + rules.openMs }, admitted: false };
      if (event === 'neutral') return { state: { ...state, probing: false }, admitted: true };
      if (state.successes + 1 >= rules.successes) return { state: closedBreaker, admitted: true };
      return { state: { kind: 'half_open', successes: state.successes + 1, probing: false }, admitted: true };
    default:
      return state satisfies never;
  }
}

export type Verdict = Exclude<BreakerEvent, 'asked'>;

export class CircuitBreaker {
  readonly name: string;
  readonly #rules: BreakerRules;
  readonly #clock: Clock;
  #state: BreakerState = closedBreaker;
  /** Grows when the breaker opens: calls that began before do not count for the time after. */
  #generation = 0;

  constructor(name: string, rules: BreakerRules, clock: Clock) {
    this.name = name;
    this.#rules = rules;
    this.#clock = clock;
  }

  get state(): BreakerState['kind'] {
    return this.#state.kind;
  }

  /** How long until the next probe may go, 0 when calls are admitted. */
  get retryAfterMs(): number {
    return this.#state.kind === 'open' ? Math.max(0, this.#state.until - this.#clock.now()) : 0;
  }

  /** Null when the call must not go ahead; else a function that must be told how it ended. */
  ask(): ((verdict: Verdict) => void) | null {
    if (!this.#apply('asked')) return null;
    const generation = this.#generation;
    let told = false;
    return (verdict) => {
      if (told || generation !== this.#generation) return;
      told = true;
      this.#apply(verdict);
    };
  }

  #apply(event: BreakerEvent): boolean {
    const before = this.#state.kind;
    const { state, admitted } = step(this.#state, event, this.#clock.now(), this.#rules);
    this.#state = state;
    if (state.kind !== before) this.#generation += 1;
    return admitted;
  }
}
