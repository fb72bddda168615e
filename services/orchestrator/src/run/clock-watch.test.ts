import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ClockWatch } from './clock-watch.ts';

describe('clock watch', () => {
  it('is silent while both clocks go on', () => {
    const watch = new ClockWatch(1_000);
    for (let at = 0; at < 100_000; at += 1_010) assert.equal(watch.tick(at, 5_000_000 + at), null);
  });

  it('sees a machine that slept: the wall clock went on alone', () => {
    const watch = new ClockWatch(1_000);
    watch.tick(0, 0);
    const gap = watch.tick(1_000, 61_000);
    assert.equal(gap && gap.toAt - gap.fromAt, 60_000);
  });

  it('sees a process that stood still', () => {
    const watch = new ClockWatch(1_000);
    watch.tick(0, 0);
    assert.equal(watch.tick(20_000, 20_000)?.toAt, 20_000);
  });
});
