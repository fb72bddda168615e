import assert from 'node:assert/strict';
import { mock } from 'node:test';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Call, flush, type Outcome, rules, testBreaker, timeoutMs, wait } from '../testing/test-breaker.ts';
import type { BreakerState } from './circuit-breaker.ts';

describe('CircuitBreaker', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] }));
  afterEach(() => mock.timers.reset());

  it('matches a model for any sequence of calls and delays', async () => {
    const action = fc.oneof(
      fc.constantFrom<Outcome>('success', 'failure', 'ignored'),
      fc.constant('call'),
      // Less than the timeout in total.
      fc.nat(90_000),
    );
    const property = fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      using breaker = testBreaker();
      const model = new Model();
      let running: { call: Call; period: number }[] = [];
      let elapsedMs = 0;
      for (const step of actions) {
        if (typeof step === 'number') {
          if (elapsedMs + step >= timeoutMs) continue;
          elapsedMs += step;
          await wait(step);
          model.wait(step);
        } else if (step === 'call') {
          const made = new Call(breaker);
          await flush();
          assert.equal(made.admitted, model.admit());
          if (made.admitted) running.push({ call: made, period: model.period });
        } else {
          const [first, ...rest] = running;
          running = rest;
          first?.call.end(step);
          await flush();
          if (first?.period === model.period) model.end(step);
        }
        assert.equal(breaker.state, model.state);
      }
    });
    await fc.assert(property);
  });
});

/** The same rules in their simplest form, without opossum. */
class Model {
  state: BreakerState = 'closed';
  period = 0;
  #consecutive = 0;
  #leftMs = 0;
  #trial = false;

  wait(ms: number): void {
    this.#leftMs -= ms;
    if (this.state === 'open' && this.#leftMs <= 0) this.#enter('half_open');
  }

  admit(): boolean {
    if (this.state === 'closed') return true;
    if (this.state === 'open' || this.#trial) return false;
    this.#trial = true;
    return true;
  }

  end(outcome: Outcome): void {
    this.#trial = false;
    if (outcome === 'ignored') return;
    const good = outcome === 'success';
    if (this.state === 'closed') {
      this.#consecutive = good ? 0 : this.#consecutive + 1;
      if (this.#consecutive === rules.failures) this.#enter('open');
    } else if (!good) {
      this.#enter('open');
    } else if (++this.#consecutive === rules.successes) {
      this.#enter('closed');
    }
  }

  #enter(state: BreakerState): void {
    this.state = state;
    this.period += 1;
    this.#consecutive = 0;
    this.#leftMs = rules.openMs;
    this.#trial = false;
  }
}
