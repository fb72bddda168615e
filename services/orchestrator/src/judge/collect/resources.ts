/**
 * Memory, CPU and restarts of each container, from the injector's samples. All lives between
 * restarts share one least-squares memory slope: a restart empties the memory, and a line through
 * the sawtooth would hide a leak. Only samples in fault-free windows, at least three minutes after
 * a start, count: until then the heap grows to its working size.
 */
import type { EventOf } from '@encore/contracts';
import type { Collector } from '../events/collector.ts';
import type { Observation } from '../events/time-order.ts';
import type { MemoryFaults } from './memory-faults.ts';
import type { IsFaultFree } from './run-facts.ts';

export const warmUpMs = 180_000;
const minSamples = 20;
const minSpanMs = 120_000;

interface Life {
  startedAt: number;
  count: number;
  firstAt: number;
  lastAt: number;
  meanHours: number;
  meanBytes: number;
  hoursBytes: number;
  hoursHours: number;
}

interface Container {
  peakBytes: number;
  peakShare: number;
  cpuSeconds: number;
  lastCpuSeconds: number | null;
  restarts: Map<string, number>;
  life: Life;
  past: { count: number; spanMs: number; hoursBytes: number; hoursHours: number };
}

export class Resources implements Collector {
  readonly containers = new Map<string, Container>();
  readonly #memoryFaults: MemoryFaults;
  readonly #isFaultFree: IsFaultFree;

  constructor(memoryFaults: MemoryFaults, isFaultFree: IsFaultFree) {
    this.#memoryFaults = memoryFaults;
    this.#isFaultFree = isFaultFree;
  }

  add(event: Observation): void {
    if (event.type === 'target_sampled') this.#sample(event);
    if (event.type === 'target_started') this.#started(event);
  }

  /** Memory slope in bytes per hour; null with too little data. */
  slopeOf(name: string): number | null {
    const container = this.containers.get(name);
    if (container === undefined) return null;
    const { life, past } = container;
    const spanMs = past.spanMs + life.lastAt - life.firstAt;
    const hoursHours = past.hoursHours + life.hoursHours;
    if (past.count + life.count < minSamples || spanMs < minSpanMs || hoursHours === 0) return null;
    return (past.hoursBytes + life.hoursBytes) / hoursHours;
  }

  #sample(event: EventOf<'target_sampled'>): void {
    const container = this.#container(event.target, event.at);
    // Under a fault that reduces its memory, neither its use nor its limit is its own.
    if (this.#memoryFaults.on(event.target, event.at) === null) {
      container.peakBytes = Math.max(container.peakBytes, event.memoryBytes);
      const shareOfLimit = event.memoryLimitBytes > 0 ? event.memoryBytes / event.memoryLimitBytes : 0;
      container.peakShare = Math.max(container.peakShare, shareOfLimit);
    }
    const before = container.lastCpuSeconds;
    // The counter restarts with each life.
    const spent = before === null || event.cpuSeconds < before ? event.cpuSeconds : event.cpuSeconds - before;
    if (before !== null) container.cpuSeconds += spent;
    container.lastCpuSeconds = event.cpuSeconds;
    if (this.#isFaultFree(event.at, event.at) && event.at - container.life.startedAt >= warmUpMs)
      grow(container.life, event.at, event.memoryBytes);
  }

  #started(event: EventOf<'target_started'>): void {
    const container = this.#container(event.target, event.at);
    const cause = event.reason.includes('read-back') ? 'read-back' : event.actor;
    container.restarts.set(cause, (container.restarts.get(cause) ?? 0) + 1);
    const { life, past } = container;
    past.count += life.count;
    past.spanMs += life.lastAt - life.firstAt;
    past.hoursBytes += life.hoursBytes;
    past.hoursHours += life.hoursHours;
    container.life = newLife(event.at);
  }

  #container(name: string, at: number): Container {
    const known = this.containers.get(name);
    if (known !== undefined) return known;
    const container: Container = {
      peakBytes: 0,
      peakShare: 0,
      cpuSeconds: 0,
      lastCpuSeconds: null,
      restarts: new Map(),
      life: newLife(at),
      past: { count: 0, spanMs: 0, hoursBytes: 0, hoursHours: 0 },
    };
    this.containers.set(name, container);
    return container;
  }
}

function newLife(startedAt: number): Life {
  return { startedAt, count: 0, firstAt: 0, lastAt: 0, meanHours: 0, meanBytes: 0, hoursBytes: 0, hoursHours: 0 };
}

/** Welford's update, numerically stable where sums of squares of epoch times are not. */
function grow(life: Life, at: number, bytes: number): void {
  if (life.count === 0) life.firstAt = at;
  life.lastAt = at;
  life.count += 1;
  const hours = (at - life.startedAt) / 3_600_000;
  const fromMeanHours = hours - life.meanHours;
  life.meanHours += fromMeanHours / life.count;
  life.meanBytes += (bytes - life.meanBytes) / life.count;
  life.hoursBytes += fromMeanHours * (bytes - life.meanBytes);
  life.hoursHours += fromMeanHours * (hours - life.meanHours);
}
