import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { Clock } from '@encore/kit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BreakerOpen, type BreakerState, CallTimeout, CircuitBreaker } from './circuit-breaker.ts';

const rules = { failures: 5, successes: 2, openMs: 60_000 };
const timeoutMs = 300_000;

type End = 'success' | 'failure' | 'ignored';
const broken = new Error('the tool broke');
const ignored = new Error('the caller was wrong');

/** A call that ends when and how the test says. */
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

  get made(): boolean {
    return this.signal !== null;
  }

  end(how: End): void {
    if (how === 'success') this.#end.resolve('done');
    else this.#end.reject(how === 'failure' ? broken : ignored);
  }
}

describe('CircuitBreaker', () => {
  let breaker: CircuitBreaker;
  let changes: BreakerState[];
  // Opossum uses the global timers, so the test owns them.
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
  /** Promises settle before time goes on, as in a real event loop. */
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const wait = async (ms: number): Promise<void> => {
    await settled();
    mock.timers.tick(ms);
    await settled();
  };
  const call = async (end: End): Promise<boolean> => {
    const made = new Call(breaker);
    made.end(end);
    await settled();
    return made.made;
  };
  const fail = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await call('failure');
  };
  const refusal = async (): Promise<BreakerOpen> => {
    const refused = new Call(breaker);
    await settled();
    assert.ok(!refused.made && refused.outcome instanceof BreakerOpen, 'the call was made');
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

  it('resolves and rejects as the call does', async () => {
    assert.equal(await breaker.run(async () => 7), 7);
    const failed = breaker.run(() => Promise.reject(broken));
    await assert.rejects(failed, broken);
  });

  it('opens at the fifth consecutive failure, and not if a success came in between', async () => {
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

  it('is neither opened nor reset by errors that do not count', async () => {
    await fail(4);
    for (let i = 0; i < 100; i++) await call('ignored');
    assert.equal(breaker.state, 'closed');
    await fail(1);
    assert.equal(breaker.state, 'open');
  });

  it('admits one trial at a time after 60 s, and closes after two successful ones in a row', async () => {
    await fail(5);
    await wait(59_999);
    assert.equal((await refusal()).retryAfterMs, 1);
    await wait(1);
    const trial = new Call(breaker);
    assert.ok(trial.made);
    assert.ok(!breaker.admits);
    assert.equal((await refusal()).retryAfterMs, null, 'a second trial at the same time');
    trial.end('success');
    await settled();
    assert.equal(breaker.state, 'half_open', 'one success is not enough');
    assert.ok(breaker.admits);
    const second = new Call(breaker);
    await refusal();
    second.end('success');
    await settled();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, ['open', 'half_open', 'closed']);
  });

  it('opens again for the whole time when a trial fails, and forgets the success before it', async () => {
    await fail(5);
    await wait(60_000);
    await call('success');
    await call('failure');
    await wait(59_999);
    await refusal();
    await wait(1);
    await call('success');
    assert.equal(breaker.state, 'half_open', 'a success of the last period must not count');
  });

  it('admits the next trial when one ended with an error that does not count', async () => {
    await fail(5);
    await wait(60_000);
    await call('ignored');
    assert.equal(breaker.state, 'half_open');
    await call('success');
    assert.equal(breaker.state, 'half_open');
    assert.ok(await call('success'));
    assert.equal(breaker.state, 'closed');
  });

  it('is not moved by calls that began before it opened', async () => {
    const old = [new Call(breaker), new Call(breaker), new Call(breaker)];
    await fail(5);
    await wait(60_000);
    const trial = new Call(breaker);
    old[0]?.end('success');
    old[1]?.end('failure');
    await settled();
    assert.equal(breaker.state, 'half_open');
    await refusal();
    trial.end('success');
    await settled();
    await call('success');
    old[2]?.end('failure');
    await settled();
    assert.equal(breaker.state, 'closed');
    await fail(4);
    assert.equal(breaker.state, 'closed', 'an old failure must not count among the new ones');
  });

  it('is not opened again by a timeout of a call that began before it opened', async () => {
    const old = new Call(breaker);
    await wait(timeoutMs - rules.openMs - 1);
    await fail(5);
    await wait(rules.openMs);
    assert.equal(breaker.state, 'half_open');
    await wait(1);
    assert.ok(old.outcome instanceof CallTimeout);
    assert.equal(breaker.state, 'half_open');
  });

  it('is not opened by one slow call that fails when nothing else was called for a while', async () => {
    const slow = new Call(breaker);
    await wait(timeoutMs - 1);
    slow.end('failure');
    await settled();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, []);
  });

  it('ends a call at its timeout, aborts its work and counts it once', async () => {
    for (let i = 1; i <= 5; i++) {
      assert.equal(breaker.state, 'closed', `${i - 1} timeouts`);
      const late = new Call(breaker);
      await wait(timeoutMs);
      assert.ok(late.outcome instanceof CallTimeout);
      assert.equal(late.signal?.reason, late.outcome);
      late.end('failure');
      await settled();
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
    await settled();
    await call('success');
    assert.equal(breaker.state, 'closed');
  });

  it('opens again when a trial takes too long', async () => {
    await fail(5);
    await wait(60_000);
    await call('success');
    const late = new Call(breaker);
    await wait(timeoutMs);
    assert.ok(late.outcome instanceof CallTimeout);
    assert.equal(breaker.state, 'open');
  });

  it('counts the calls of the last 10 s that succeeded, failed and were refused', async () => {
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
    await settled();
    assert.deepEqual(breaker.recent, { calls: 2, failures: 1, refused: 1 });
  });

  it('follows its rules, whatever happens in whatever order', async () => {
    const action = fc.oneof(
      fc.constantFrom<End>('success', 'failure', 'ignored'),
      fc.constant('call'),
      // Less than the timeout in all.
      fc.nat(90_000),
    );
    const property = fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      breaker[Symbol.dispose]();
      create();
      const model = new Model();
      let running: { call: Call; period: number }[] = [];
      let elapsedMs = 0;
      for (const act of actions) {
        if (typeof act === 'number') {
          if (elapsedMs + act >= timeoutMs) continue;
          elapsedMs += act;
          await wait(act);
          model.wait(act);
        } else if (act === 'call') {
          const made = new Call(breaker);
          await settled();
          assert.equal(made.made, model.admit());
          if (made.made) running.push({ call: made, period: model.period });
        } else {
          const [first, ...rest] = running;
          running = rest;
          first?.call.end(act);
          await settled();
          if (first?.period === model.period) model.end(act);
        }
        assert.equal(breaker.state, model.state);
      }
    });
    await fc.assert(property);
  });
});

/** The rules once more, in the plainest form, without opossum. */
class Model {
  state: BreakerState = 'closed';
  period = 0;
  #inARow = 0;
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

  end(how: End): void {
    this.#trial = false;
    if (how === 'ignored') return;
    const good = how === 'success';
    if (this.state === 'closed') {
      this.#inARow = good ? 0 : this.#inARow + 1;
      if (this.#inARow === rules.failures) this.#enter('open');
    } else if (!good) {
      this.#enter('open');
    } else if (++this.#inARow === rules.successes) {
      this.#enter('closed');
    }
  }

  #enter(state: BreakerState): void {
    this.state = state;
    this.period += 1;
    this.#inARow = 0;
    this.#leftMs = rules.openMs;
    this.#trial = false;
  }
}
