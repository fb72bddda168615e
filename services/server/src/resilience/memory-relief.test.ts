import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { memoryRelief } from './memory-relief.ts';

describe('memoryRelief', () => {
  it('frees more at a higher level, and collects garbage at most every 5 s', () => {
    let now = 0;
    let done: string[] = [];
    const relieve = memoryRelief({
      cache: { shrink: (bytes) => done.push(`shrink to ${bytes}`), clear: () => done.push('clear') },
      cacheBytes: 100,
      workers: { endIdle: () => done.push('end idle workers') },
      clock: { now: () => now, sleep: async () => {} },
      collect: () => done.push('collect'),
    });
    const at = (ms: number, level: Parameters<typeof relieve>[0]): string[] => {
      now = ms;
      done = [];
      relieve(level);
      return done;
    };
    assert.deepEqual(at(0, 'elevated'), ['collect', 'shrink to 50']);
    assert.deepEqual(at(4_999, 'high'), ['clear', 'end idle workers']);
    assert.deepEqual(at(5_000, 'critical'), ['collect', 'clear', 'end idle workers']);
  });
});
