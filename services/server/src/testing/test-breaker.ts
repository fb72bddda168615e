/** For tests: a circuit breaker in mocked time, and calls whose end the test controls. */
import { mock } from 'node:test';
import { type BreakerState, CircuitBreaker } from '../resilience/circuit-breaker.ts';

export const rules = { failures: 5, successes: 2, openMs: 60_000 };
export const timeoutMs = 300_000;

export type Outcome = 'success' | 'failure' | 'ignored';
export const broken = new Error('the tool broke');
const ignored = new Error('the caller made an error');

/** A call whose end and outcome the test controls. */
export class Call {
  readonly #end = Promise.withResolvers<string>();
  signal: AbortSignal | null = null;
  outcome: unknown = null;

  constructor(breaker: CircuitBreaker) {
    breaker
      .run((signal) => {
        this.signal = signal;
        return this.#end.promise;
      })
      .then(
        (result) => (this.outcome = result),
        (error) => (this.outcome = error),
      );
  }

  get admitted(): boolean {
    return this.signal !== null;
  }

  end(outcome: Outcome): void {
    if (outcome === 'success') this.#end.resolve('done');
    else this.#end.reject(outcome === 'failure' ? broken : ignored);
  }
}

/** Opossum uses the global timers, so the test must have mocked them. */
export function testBreaker(onChange: (state: BreakerState) => void = () => {}): CircuitBreaker {
  return new CircuitBreaker({
    name: 'tool_Test',
    ...rules,
    timeoutMs,
    isFailure: (error) => error !== ignored,
    onChange,
    clock: { now: () => Date.now(), sleep: async () => {} },
  });
}

/** Lets promises settle before the mock time advances, as in a real event loop. */
export async function flush(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export async function wait(ms: number): Promise<void> {
  await flush();
  mock.timers.tick(ms);
  await flush();
}
