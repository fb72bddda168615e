/**
 * Watches memory against the live limit, which chaos may change at any time, and gives up what can be given up before
 * the kernel takes everything: first the caches shrink, then parsed scores go (they are in the database), then heavy work is refused.
 */
import type { Clock } from '@encore/kit';
import type { MemoryReading } from './memory-limit.ts';

export const memoryLevels = ['normal', 'elevated', 'high', 'critical'] as const;
export type MemoryLevel = (typeof memoryLevels)[number];

/** Shares of the limit at which each level begins. It ends `hysteresis` lower, so that it does not flicker. */
const begins: Record<Exclude<MemoryLevel, 'normal'>, number> = { elevated: 0.7, high: 0.8, critical: 0.88 };
const hysteresis = 0.05;

/** Pure: the level that follows from the last one and the share of the limit in use. */
export function nextLevel(level: MemoryLevel, share: number): MemoryLevel {
  const reached = (candidate: Exclude<MemoryLevel, 'normal'>): boolean => {
    const held = memoryLevels.indexOf(level) >= memoryLevels.indexOf(candidate);
    return share >= begins[candidate] - (held ? hysteresis : 0);
  };
  if (reached('critical')) return 'critical';
  if (reached('high')) return 'high';
  return reached('elevated') ? 'elevated' : 'normal';
}

export interface MemoryGuardOptions {
  read: () => MemoryReading;
  clock: Clock;
  everyMs: number;
  /** Called for every sample at or above elevated: what is given up may have grown back. */
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
    this.#stop.abort(new Error('the server stops'));
  }

  async #watch(): Promise<void> {
    const { clock, everyMs } = this.#options;
    for (;;) {
      await clock.sleep(everyMs, this.#stop.signal);
      this.sample();
    }
  }
}
