import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ClockWatcher } from './clock-watcher.ts';

describe('ClockWatcher', () => {
  it('reports nothing while both clocks advance', () => {
    const watcher = new ClockWatcher(1_000);
    for (let at = 0; at < 100_000; at += 1_010) assert.equal(watcher.tick(at, 5_000_000 + at), null);
  });

  it('detects a machine that slept: only the wall clock advanced', () => {
    const watcher = new ClockWatcher(1_000);
    watcher.tick(0, 0);
    const gap = watcher.tick(1_000, 61_000);
    assert.equal(gap && gap.toAt - gap.fromAt, 60_000);
  });

  it('detects a stalled process', () => {
    const watcher = new ClockWatcher(1_000);
    watcher.tick(0, 0);
    assert.equal(watcher.tick(20_000, 20_000)?.toAt, 20_000);
  });
});
