import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { Clock } from '@encore/kit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BreakerOpen, type BreakerState, CallTimeout, CircuitBreaker } from './circuit-breaker.ts';

const rules = { failures: 5, successes: 2, openMs: 60_000 };
const timeoutMs = 300_000;

type Outcome = 'success' | 'failure' | 'ignored';
const broken = new Error('the tool broke');
const ignored = new Error('the caller made an error');

/** A call whose end and outcome the test controls. */
class Call {
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

describe('CircuitBreaker', () => {
  let breaker: CircuitBreaker;
  let changes: BreakerState[];
  // Opossum uses the global timers, so the test mocks them.
  const clock: Clock = { now: () => Date.now(), sleep: async () => {} };
  const create = (): void => {
    changes = [];
    breaker = new CircuitBreaker({
      name: 'tool_Test',
      ...rules,
      timeoutMs,
      isFailure: (error) => error !== ignored,
      onChange: (state) => changes.push(state),
      clock,
    });
  };
  /** Lets promises settle before the mock time advances, as in a real event loop. */
  const flush = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const wait = async (ms: number): Promise<void> => {
    await flush();
    mock.timers.tick(ms);
    await flush();
  };
  const call = async (outcome: Outcome): Promise<boolean> => {
    const made = new Call(breaker);
    made.end(outcome);
    await flush();
    return made.admitted;
  };
  const fail = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await call('failure');
  };
  const refusal = async (): Promise<BreakerOpen> => {
    const refused = new Call(breaker);
    await flush();
    assert.ok(!refused.admitted && refused.outcome instanceof BreakerOpen, 'the call was admitted');
    return refused.outcome;
  };
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    create();
  });
  afterEach(() => {
    breaker[Symbol.dispose]();
    mock.timers.reset();
  });

  it('resolves and rejects with the result of the call', async () => {
    assert.equal(await breaker.run(async () => 7), 7);
    const failed = breaker.run(() => Promise.reject(broken));
    await assert.rejects(failed, broken);
  });

  it('opens after five consecutive failures, which a success resets', async () => {
    await fail(4);
    await call('success');
    await fail(4);
    assert.equal(breaker.state, 'closed');
    assert.ok(breaker.admits);
    await fail(1);
    assert.equal(breaker.state, 'open');
    assert.ok(!breaker.admits);
    await refusal();
  });

  it('ignores errors that do not count', async () => {
    await fail(4);
    for (let i = 0; i < 100; i++) await call('ignored');
    assert.equal(breaker.state, 'closed');
    await fail(1);
    assert.equal(breaker.state, 'open');
  });

  it('admits one trial at a time after 60 s and closes after two successful trials', async () => {
    await fail(5);
    await wait(59_999);
    assert.equal((await refusal()).retryAfterMs, 1);
    await wait(1);
    const trial = new Call(breaker);
    assert.ok(trial.admitted);
    assert.ok(!breaker.admits);
    assert.equal((await refusal()).retryAfterMs, null, 'a second trial at the same time');
    trial.end('success');
    await flush();
    assert.equal(breaker.state, 'half_open', 'one success is not enough');
    assert.ok(breaker.admits);
    const second = new Call(breaker);
    await refusal();
    second.end('success');
    await flush();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, ['open', 'half_open', 'closed']);
  });

  it('reopens for the full time when a trial fails, and discards earlier successes', async () => {
    await fail(5);
    await wait(60_000);
    await call('success');
    await call('failure');
    await wait(59_999);
    await refusal();
    await wait(1);
    await call('success');
    assert.equal(breaker.state, 'half_open', 'a success of the previous period must not count');
  });

  it('admits the next trial after one with an error that does not count', async () => {
    await fail(5);
    await wait(60_000);
    await call('ignored');
    assert.equal(breaker.state, 'half_open');
    await call('success');
    assert.equal(breaker.state, 'half_open');
    assert.ok(await call('success'));
    assert.equal(breaker.state, 'closed');
  });

  it('ignores calls that began before it opened', async () => {
    const old = [new Call(breaker), new Call(breaker), new Call(breaker)];
    await fail(5);
    await wait(60_000);
    const trial = new Call(breaker);
    old[0]?.end('success');
    old[1]?.end('failure');
    await flush();
    assert.equal(breaker.state, 'half_open');
    await refusal();
    trial.end('success');
    await flush();
    await call('success');
    old[2]?.end('failure');
    await flush();
    assert.equal(breaker.state, 'closed');
    await fail(4);
    assert.equal(breaker.state, 'closed', 'an old failure must not count among the new ones');
  });

  it('ignores the timeout of a call that began before it opened', async () => {
    const old = new Call(breaker);
    await wait(timeoutMs - rules.openMs - 1);
    await fail(5);
    await wait(rules.openMs);
    assert.equal(breaker.state, 'half_open');
    await wait(1);
    assert.ok(old.outcome instanceof CallTimeout);
    assert.equal(breaker.state, 'half_open');
  });

  it('stays closed when a single slow call fails', async () => {
    const slow = new Call(breaker);
    await wait(timeoutMs - 1);
    slow.end('failure');
    await flush();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, []);
  });

  it('aborts a call at its timeout and counts it once', async () => {
    for (let i = 1; i <= 5; i++) {
      assert.equal(breaker.state, 'closed', `${i - 1} timeouts`);
      const late = new Call(breaker);
      await wait(timeoutMs);
      assert.ok(late.outcome instanceof CallTimeout);
      assert.equal(late.signal?.reason, late.outcome);
      late.end('failure');
      await flush();
    }
    assert.equal(breaker.state, 'open');
  });

  it('waits for a slow trial', async () => {
    await fail(5);
    await wait(60_000);
    const trial = new Call(breaker);
    await wait(timeoutMs - 1);
    assert.equal(breaker.state, 'half_open');
    await refusal();
    trial.end('success');
    await flush();
    await call('success');
    assert.equal(breaker.state, 'closed');
  });

  it('reopens when a trial times out', async () => {
    await fail(5);
    await wait(60_000);
    await call('success');
    const late = new Call(breaker);
    await wait(timeoutMs);
    assert.ok(late.outcome instanceof CallTimeout);
    assert.equal(breaker.state, 'open');
  });

  it('counts successful, failed and refused calls of the last 10 s', async () => {
    await call('success');
    await call('ignored');
    await fail(5);
    await refusal();
    assert.deepEqual(breaker.recent, { calls: 7, failures: 5, refused: 1 });
    await wait(60_000);
    assert.deepEqual(breaker.recent, { calls: 0, failures: 0, refused: 0 });
    await call('success');
    const trial = new Call(breaker);
    await refusal();
    trial.end('failure');
    await flush();
    assert.deepEqual(breaker.recent, { calls: 2, failures: 1, refused: 1 });
  });

  it('matches a model for any sequence of calls and delays', async () => {
    const action = fc.oneof(
      fc.constantFrom<Outcome>('success', 'failure', 'ignored'),
      fc.constant('call'),
      // Less than the timeout in total.
      fc.nat(90_000),
    );
    const property = fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      breaker[Symbol.dispose]();
      create();
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
