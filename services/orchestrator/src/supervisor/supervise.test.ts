import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Act, supervisorLimits as limits, newWatchedTarget, type Observation, supervise } from './supervise.ts';

/** One look every half second; returns the acts with their times in seconds. */
function watch(seconds: number, see: (second: number) => Omit<Observation, 'at'>): (Act & { at: number })[] {
  let target = newWatchedTarget(limits);
  const acts: (Act & { at: number })[] = [];
  for (let at = 0; at <= seconds * 1_000; at += 500) {
    const { next, act } = supervise(target, { at, ...see(at / 1_000) }, limits);
    target = next;
    if (act !== null) acts.push({ ...act, at: at / 1_000 });
  }
  return acts;
}
const well = { status: 'running', answered: true, ready: true };

describe('supervise', () => {
  it('leaves a healthy target alone', () => {
    assert.deepEqual(
      watch(600, () => well),
      [],
    );
  });

  it('starts a target that the engine left dead for 2 s', () => {
    const [first, ...rest] = watch(4, (second) =>
      second < 1 ? well : { status: 'exited', answered: false, ready: false },
    );
    assert.equal(first?.act, 'start');
    assert.equal(first?.at, 3);
    assert.deepEqual(rest, []);
  });

  it('leaves a target alone that the engine restarts by its policy', () => {
    const cycle = (second: number) => (second % 3 < 1.5 ? 'restarting' : 'running');
    const acts = watch(60, (second) => ({ status: cycle(second), answered: false, ready: false }));
    assert.deepEqual(acts, []);
  });

  it('restarts a target that hangs, after 8 s, running or paused', () => {
    for (const status of ['running', 'paused']) {
      const [first] = watch(10, (second) => (second < 1 ? well : { status, answered: false, ready: false }));
      assert.deepEqual([first?.act, first?.at], ['restart', 9], status);
    }
  });

  it('is patient with a target that answers but is not ready', () => {
    const acts = watch(60, () => ({ status: 'running', answered: true, ready: false }));
    assert.deepEqual(
      acts.map(({ act, at }) => [act, at]),
      [['restart', 45]],
    );
  });

  it('waits longer from act to act while they do not help, and anew after health', () => {
    const acts = watch(120, () => ({ status: 'exited', answered: false, ready: false })).map(({ at }) => at);
    const pauses = acts.slice(1).map((at, i) => at - (acts[i] ?? 0));
    assert.deepEqual(pauses.slice(0, 4), [2.5, 4, 8, 16]);
    assert.ok(Math.max(...pauses) <= 30.5, pauses.join(' '));
  });

  it('judges a target that nobody watches by the engine alone', () => {
    assert.deepEqual(
      watch(60, () => ({ status: 'running', answered: null, ready: null })),
      [],
    );
  });
});
