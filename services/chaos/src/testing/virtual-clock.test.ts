import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { VirtualClock } from './virtual-clock.ts';

describe('VirtualClock', () => {
  it('wakes sleepers by time, then by the order in which they fell asleep', async () => {
    const clock = new VirtualClock(0);
    const woken: string[] = [];
    const delays = Array.from({ length: 200 }, (_, i) => (i * 37) % 50);
    for (const [i, ms] of delays.entries()) void clock.sleep(ms).then(() => woken.push(`${clock.now()} ${i}`));
    await clock.advance(100);
    const wanted = [...delays.entries()].sort((a, b) => a[1] - b[1] || a[0] - b[0]).map(([i, ms]) => `${ms} ${i}`);
    assert.deepEqual(woken, wanted);
    assert.equal(clock.now(), 100);
  });

  it('advances to the end of a wait and leaves later sleepers asleep', async () => {
    const clock = new VirtualClock(0);
    let late = false;
    void clock.sleep(5_000).then(() => {
      late = true;
    });
    const chain = (async () => {
      await clock.sleep(100);
      await clock.sleep(200);
      return clock.now();
    })();
    assert.equal(await clock.until(chain), 300);
    assert.equal(late, false);
  });

  it('rejects an aborted sleep with the abort reason', async () => {
    const clock = new VirtualClock(0);
    const stop = new AbortController();
    const sleep = clock.sleep(1_000, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(sleep, /enough/);
    await assert.rejects(clock.sleep(1, stop.signal), /enough/);
  });
});
