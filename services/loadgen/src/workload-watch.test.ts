/** Distinguishes a blocked thread from one that gets no CPU, in virtual time. */
import assert from 'node:assert/strict';
import { type Clock, systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import type { WorkloadFailure } from './worker/messages.ts';
import { WorkloadWatch } from './workload-watch.ts';

/** Watches a silent thread that used this share of the time. */
function watched(cpuShare: number) {
  let nowMs = 1_000_000;
  const startedAt = nowMs;
  const clock: Clock = { now: () => nowMs, sleep: systemClock.sleep };
  const failures: WorkloadFailure[] = [];
  let ended = false;
  const usedMs = () => (nowMs - startedAt) * cpuShare;
  let located = 0;
  const watch = new WorkloadWatch({
    clock,
    everyMs: 2,
    ping: () => {},
    locate: async () => {
      located += 1;
      return 'w.mts:3:1';
    },
    cpuMs: async () => usedMs(),
    failed: (failure) => failures.push(failure),
    end: () => {
      ended = true;
    },
  });
  /** Passes this much time, and lets the watch see it. */
  const pass = async (ms: number) => {
    nowMs += ms;
    await systemClock.sleep(20);
  };
  return { watch, failures, usedMs, pass, isEnded: () => ended, locations: () => located };
}

describe('workload watch', () => {
  it('reports a thread that was blocked, with its place', async () => {
    const { watch, failures, usedMs, pass, isEnded } = watched(0.9);
    using _ = watch;
    await pass(3_000);
    watch.heard(usedMs());
    await waitUntil('the report', () => failures.length === 1, { timeoutMs: 2_000 });
    assert.match(failures[0]?.problem ?? '', /did not respond for 3\.0 s/);
    assert.equal(failures[0]?.location, 'w.mts:3:1');
    assert.equal(isEnded(), false);
  });

  it('ends a thread that is blocked for 10 s', async () => {
    const { watch, failures, pass, isEnded } = watched(0.9);
    using _ = watch;
    await pass(10_500);
    await waitUntil('the end', isEnded, { timeoutMs: 2_000 });
    assert.match(failures[0]?.problem ?? '', /did not respond for 10\.5 s and was ended/);
  });

  it('does not blame a thread that gets no CPU, and gives it a minute', async () => {
    const { watch, failures, usedMs, pass, isEnded } = watched(0.01);
    using _ = watch;
    await pass(11_000);
    assert.equal(isEnded(), false);
    watch.heard(usedMs());
    assert.equal(failures.length, 0);
    await pass(61_000);
    await waitUntil('the end', isEnded, { timeoutMs: 2_000 });
    assert.equal(failures.length, 1);
  });

  it('leaves a thread alone that responds', async () => {
    const { watch, failures, pass, locations } = watched(0.9);
    using _ = watch;
    for (let i = 0; i < 10; i += 1) {
      watch.heard(0);
      await pass(1_500);
    }
    assert.deepEqual([failures.length, locations()], [0, 0]);
  });
});
