/**
 * Frees more memory at a higher level: first garbage and half of the cache, then all of the cache
 * and the idle worker processes. Scores are in the database, and processes can be started again.
 */
import type { Clock } from '@encore/kit';
import { collectGarbage } from '@encore/kit/collect-garbage';
import type { MemoryLevel } from './memory-guard.ts';

export interface MemoryReliefOptions {
  cache: { shrink(maxBytes: number): void; clear(): void };
  /** The size of the full cache. */
  cacheBytes: number;
  workers: { endIdle(): void };
  clock: Clock;
  /** Overridden in tests. */
  collect?: () => void;
}

/** A full collection stops all requests while it runs, so it must be rare. */
const collectEveryMs = 5_000;

export function memoryRelief(options: MemoryReliefOptions): (level: Exclude<MemoryLevel, 'normal'>) => void {
  const { cache, cacheBytes, workers, clock, collect = collectGarbage } = options;
  let collectedAtMs = Number.NEGATIVE_INFINITY;
  return (level) => {
    // Much of the memory in use may be garbage that V8 has had no reason to collect.
    const now = clock.now();
    if (now - collectedAtMs >= collectEveryMs) {
      collectedAtMs = now;
      collect();
    }
    if (level === 'elevated') {
      cache.shrink(cacheBytes / 2);
    } else {
      cache.clear();
      workers.endIdle();
    }
  };
}
