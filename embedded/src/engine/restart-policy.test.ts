import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { afterExit, freshRestartState } from './restart-policy.ts';

const crash = { code: 1, livedMs: 50 };

describe('restart policy', () => {
  it('waits 100 ms, doubles up to 60 s, and starts over after 10 s of uptime', () => {
    let state = freshRestartState;
    const delays: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      state = afterExit('always', state, crash).state;
      delays.push(state.delayMs);
    }
    assert.deepEqual(delays.slice(0, 5), [100, 200, 400, 800, 1_600]);
    assert.equal(delays.at(-1), 60_000);
    assert.equal(afterExit('always', state, { code: 1, livedMs: 10_000 }).state.delayMs, 100);
  });

  it('ends after as many restarts as on-failure allows, and counts on after 10 s of uptime', () => {
    let state = freshRestartState;
    const restarts: boolean[] = [];
    for (const livedMs of [50, 10_000, 50]) {
      const next = afterExit('on-failure:2', state, { code: 1, livedMs });
      restarts.push(next.restart);
      state = next.state;
    }
    assert.deepEqual(restarts, [true, true, false]);
    assert.equal(afterExit('on-failure:2', freshRestartState, { code: 0, livedMs: 50 }).restart, false);
  });

  it('follows each policy, and never restarts once disarmed', () => {
    const ok = { code: 0, livedMs: 50 };
    const restarts = (policy: 'always' | 'on-failure' | 'no', exit: typeof ok, armed = true) =>
      afterExit(policy, { ...freshRestartState, armed }, exit).restart;
    assert.deepEqual([restarts('always', ok), restarts('on-failure', ok), restarts('no', ok)], [true, false, false]);
    assert.deepEqual(
      [restarts('always', crash), restarts('on-failure', crash), restarts('no', crash)],
      [true, true, false],
    );
    assert.equal(restarts('always', crash, false), false);
  });
});
