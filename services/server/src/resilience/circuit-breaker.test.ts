import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { broken, Call, flush, type Outcome, rules, testBreaker, timeoutMs, wait } from '../testing/test-breaker.ts';
import { BreakerOpen, type BreakerState, CallTimeout, type CircuitBreaker } from './circuit-breaker.ts';

describe('CircuitBreaker', () => {
  let breaker: CircuitBreaker;
  let changes: BreakerState[];
  const create = (): void => {
    changes = [];
    breaker = testBreaker((state) => changes.push(state));
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
});
