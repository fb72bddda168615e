/** In virtual time: the timer does not fire in the meantime. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { LoopWatch } from './loop-watch.ts';

function watched() {
  const time = { nowMs: 10_000, cpuMs: 500 };
  const watch = new LoopWatch({ nowMs: () => time.nowMs, cpuMs: () => time.cpuMs });
  const pass = (ms: number, cpuMs: number) => {
    time.nowMs += ms;
    time.cpuMs += cpuMs;
  };
  return { watch, time, pass };
}

describe('loop watch', () => {
  it('reports how long the thread was blocked, to what was in progress', () => {
    const { watch, pass } = watched();
    using _ = watch;
    pass(50, 1);
    assert.equal(watch.blockedMsSince(10_000), 0);
    pass(3_000, 1_200);
    assert.equal(watch.blockedMsSince(10_040), 3_000);
    pass(20, 1);
    assert.equal(watch.blockedMsSince(12_000), 3_000, 'began meanwhile');
    assert.equal(watch.blockedMsSince(13_060), 0, 'began afterwards');
  });

  it('does not blame a thread that got no CPU, or that was busy with many events', () => {
    const { watch, pass } = watched();
    using _ = watch;
    pass(3_000, 200);
    assert.equal(watch.blockedMsSince(10_000), 0);
    for (let i = 0; i < 20; i += 1) {
      pass(900, 900);
      assert.equal(watch.blockedMsSince(10_000), 0);
    }
  });
});
