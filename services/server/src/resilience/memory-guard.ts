/**
 * Compares memory use with the live limit, which a fault may change at any time, and frees memory
 * before the kernel kills the process: first it shrinks the cache, then it drops parsed scores
 * (they are in the database), then it refuses heavy work.
 */
import type { Clock } from '@encore/kit';
import type { MemoryReading } from './memory-limit.ts';

export const memoryLevels = ['normal', 'elevated', 'high', 'critical'] as const;
export type MemoryLevel = (typeof memoryLevels)[number];

/**
 * The share of the limit at which each level begins. A level ends `hysteresis` below, to avoid
 * flapping.
 */
const thresholds: Record<Exclude<MemoryLevel, 'normal'>, number> = { elevated: 0.7, high: 0.8, critical: 0.88 };
const hysteresis = 0.05;

/** Returns the level that follows `level` when this share of the limit is in use. */
export function nextLevel(level: MemoryLevel, share: number): MemoryLevel {
  const reached = (candidate: Exclude<MemoryLevel, 'normal'>): boolean => {
    const isActive = memoryLevels.indexOf(level) >= memoryLevels.indexOf(candidate);
    return share >= thresholds[candidate] - (isActive ? hysteresis : 0);
  };
  if (reached('critical')) return 'critical';
  if (reached('high')) return 'high';
  return reached('elevated') ? 'elevated' : 'normal';
}

export interface MemoryGuardOptions {
  read: () => MemoryReading;
  clock: Clock;
  everyMs: number;
  /** Called for every sample at or above elevated, because the freed memory may be in use again. */
  relieve: (level: Exclude<MemoryLevel, 'normal'>) => void;
  onChange: (level: MemoryLevel, reading: MemoryReading) => void;
}

export class MemoryGuard implements Disposable {
  readonly #options: MemoryGuardOptions;
  readonly #stop = new AbortController();
  #level: MemoryLevel = 'normal';
  #reading: MemoryReading;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    this.#reading = options.read();
    void this.#watch().catch(() => {});
  }

  get level(): MemoryLevel {
    return this.#level;
  }

  get reading(): MemoryReading {
    return this.#reading;
  }

  sample(): void {
    const { read, relieve, onChange } = this.#options;
    this.#reading = read();
    const level = nextLevel(this.#level, this.#reading.usedBytes / this.#reading.limitBytes);
    if (level !== this.#level) onChange(level, this.#reading);
    this.#level = level;
    if (level !== 'normal') relieve(level);
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the server is stopping'));
  }

  async #watch(): Promise<void> {
    const { clock, everyMs } = this.#options;
    for (;;) {
      await clock.sleep(everyMs, this.#stop.signal);
      this.sample();
    }
  }
}
