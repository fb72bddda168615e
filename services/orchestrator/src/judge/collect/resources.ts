/**
 * Memory, CPU and restarts of each container, from the injector's samples. Only samples in
 * fault-free windows, at least three minutes after a start, count for the memory slope: until then
 * the heap grows to its working size. Caches may take hours to fill; as they do, the slope falls in
 * the second half of the samples, whereas that of a leak does not.
 */
import type { EventOf } from '@encore/contracts';
import type { Observation } from '../events/time-order.ts';
import type { FaultTracker } from '../faults/fault-tracker.ts';
import { fitSlope } from './memory-slope.ts';
import type { IsFaultFree } from './run-facts.ts';

export const warmUpMs = 180_000;
const minSamples = 20;
const minSpanMs = 120_000;

interface Life {
  startedAt: number;
  samples: { at: number; bytes: number }[];
}

class Container {
  peakBytes = 0;
  peakShare = 0;
  limitBytes = 0;
  cpuSeconds = 0;
  lastCpuSeconds: number | null = null;
  readonly restarts = new Map<string, number>();
  readonly lives: Life[];

  constructor(seenAt: number) {
    this.lives = [{ startedAt: seenAt, samples: [] }];
  }
}

export class Resources {
  readonly containers = new Map<string, Container>();
  readonly #tracker: FaultTracker;
  readonly #isFaultFree: IsFaultFree;

  constructor(tracker: FaultTracker, isFaultFree: IsFaultFree) {
    this.#tracker = tracker;
    this.#isFaultFree = isFaultFree;
  }

  add(event: Observation): void {
    if (event.type === 'target_sampled') this.#sample(event);
    if (event.type === 'target_started') this.#started(event);
  }

  /** Memory slope in bytes per hour; null with too little data. */
  slopeOf(name: string): number | null {
    return sharedSlope(this.#livesOf(name));
  }

  /** The same, of the second half of the samples. */
  secondHalfSlopeOf(name: string): number | null {
    const lives = this.#livesOf(name);
    const times = lives.flatMap(({ samples }) => samples.map(({ at }) => at));
    const middle = times[Math.floor(times.length / 2)] ?? 0;
    return sharedSlope(lives.map((life) => ({ ...life, samples: life.samples.filter(({ at }) => at >= middle) })));
  }

  #livesOf(name: string): readonly Life[] {
    return this.containers.get(name)?.lives ?? [];
  }

  #sample(event: EventOf<'target_sampled'>): void {
    const container = this.#container(event.target, event.at);
    if (this.#tracker.memoryFaultOn(event.target, event.at) === null) {
      container.peakBytes = Math.max(container.peakBytes, event.memoryBytes);
      container.limitBytes = event.memoryLimitBytes;
      const shareOfLimit = event.memoryLimitBytes > 0 ? event.memoryBytes / event.memoryLimitBytes : 0;
      container.peakShare = Math.max(container.peakShare, shareOfLimit);
    }
    const before = container.lastCpuSeconds;
    // The counter restarts with each lifetime.
    const spent = before === null || event.cpuSeconds < before ? event.cpuSeconds : event.cpuSeconds - before;
    if (before !== null) container.cpuSeconds += spent;
    container.lastCpuSeconds = event.cpuSeconds;
    const life = container.lives.at(-1);
    if (life !== undefined && this.#isFaultFree(event.at, event.at) && event.at - life.startedAt >= warmUpMs)
      life.samples.push({ at: event.at, bytes: event.memoryBytes });
  }

  #started(event: EventOf<'target_started'>): void {
    const container = this.#container(event.target, event.at);
    const cause = event.reason.includes('read-back') ? 'read-back' : event.actor;
    container.restarts.set(cause, (container.restarts.get(cause) ?? 0) + 1);
    container.lives.push({ startedAt: event.at, samples: [] });
  }

  #container(name: string, at: number): Container {
    const container = this.containers.get(name) ?? new Container(at);
    this.containers.set(name, container);
    return container;
  }
}

function sharedSlope(lives: readonly Life[]): number | null {
  const count = lives.flatMap(({ samples }) => samples).length;
  const spanMs = lives.reduce((sum, { samples }) => sum + (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0), 0);
  if (count < minSamples || spanMs < minSpanMs) return null;
  const { slope } = fitSlope(
    lives.map(({ startedAt, samples }) =>
      samples.map(({ at, bytes }) => ({ hours: (at - startedAt) / 3_600_000, bytes })),
    ),
  );
  return Number.isNaN(slope) ? null : slope;
}
