import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Action, supervisorLimits as limits, newWatchedTarget, type Observation, supervise } from './supervise.ts';

/** Observes every half second; returns the actions with their times in seconds. */
function watch(seconds: number, see: (second: number) => Omit<Observation, 'at'>): (Action & { at: number })[] {
  let target = newWatchedTarget(limits);
  const actions: (Action & { at: number })[] = [];
  for (let at = 0; at <= seconds * 1_000; at += 500) {
    const { next, action } = supervise(target, { at, ...see(at / 1_000) }, limits);
    target = next;
    if (action !== null) actions.push({ ...action, at: at / 1_000 });
  }
  return actions;
}
const well = { status: 'running', answered: true, ready: true };

describe('supervise', () => {
  it('leaves a healthy target alone', () => {
    assert.deepEqual(
      watch(600, () => well),
      [],
    );
  });

  it('starts a target that stays exited for 2 s', () => {
    const [first, ...rest] = watch(4, (second) =>
      second < 1 ? well : { status: 'exited', answered: false, ready: false },
    );
    assert.equal(first?.action, 'start');
    assert.equal(first?.at, 3);
    assert.deepEqual(rest, []);
  });

  it('leaves a target alone that the restart policy restarts', () => {
    const cycle = (second: number) => (second % 3 < 1.5 ? 'restarting' : 'running');
    const actions = watch(60, (second) => ({ status: cycle(second), answered: false, ready: false }));
    assert.deepEqual(actions, []);
  });

  it('restarts a target without response after 8 s, running or paused', () => {
    for (const status of ['running', 'paused']) {
      const [first] = watch(10, (second) => (second < 1 ? well : { status, answered: false, ready: false }));
      assert.deepEqual([first?.action, first?.at], ['restart', 9], status);
    }
  });

  it('waits longer for a target that responds but is not ready', () => {
    const actions = watch(60, () => ({ status: 'running', answered: true, ready: false }));
    assert.deepEqual(
      actions.map(({ action, at }) => [action, at]),
      [['restart', 45]],
    );
  });

  it('doubles the pause between ineffective actions, and resets it after recovery', () => {
    const actions = watch(120, () => ({ status: 'exited', answered: false, ready: false })).map(({ at }) => at);
    const pauses = actions.slice(1).map((at, i) => at - (actions[i] ?? 0));
    assert.deepEqual(pauses.slice(0, 4), [2.5, 4, 8, 16]);
    assert.ok(Math.max(...pauses) <= 30.5, pauses.join(' '));
  });

  it("uses only the engine's status for a target without a watcher", () => {
    assert.deepEqual(
      watch(60, () => ({ status: 'running', answered: null, ready: null })),
      [],
    );
  });
});
