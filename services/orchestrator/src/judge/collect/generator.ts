/** Health of the load generator; beyond its limits, the figures measure it and not the server. */
import { share } from '../../figures.ts';
import type { Observation } from '../events/time-order.ts';

/** One late start in a hundred is tolerated: it makes response times look worse, never better. */
export const generatorLimits = { lateStartRate: 0.01, eventLoopDelayP99Ms: 200, cpuShare: 0.9 } as const;

const delayStepsMs = 10_000;

/** Counts event-loop delays by size, in steps of 1 ms up to 10 s. */
class Delays {
  readonly #counts = new Uint32Array(delayStepsMs + 1);
  #total = 0;

  add(delayMs: number): void {
    const step = Math.min(delayStepsMs, Math.max(0, Math.ceil(delayMs)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total += 1;
  }

  /** The 95th percentile, so that one pause does not spoil a 24-hour run; null without any. */
  get p95(): number | null {
    let left = Math.ceil(this.#total * 0.95);
    if (left === 0) return null;
    for (let step = 0; step <= delayStepsMs; step += 1) {
      left -= this.#counts[step] ?? 0;
      if (left <= 0) return step;
    }
    return delayStepsMs;
  }
}

export class Generator {
  readonly #delays = new Delays();
  readonly #workloadDelays = new Delays();
  #checks = 0;
  #late = 0;
  #starts = 0;
  #cpuShares = 0;

  add(event: Observation): void {
    if (event.type !== 'generator_checked') return;
    this.#checks += 1;
    this.#late += event.lateStarts;
    this.#starts += event.starts;
    this.#cpuShares += event.cpuShare;
    this.#delays.add(event.eventLoopDelayP99Ms);
    if (event.workloadDelayP99Ms !== undefined) this.#workloadDelays.add(event.workloadDelayP99Ms);
  }

  get lateStartRate(): number | null {
    return this.#checks === 0 ? null : (share(this.#late, this.#starts) ?? 0);
  }

  /** The 95th percentile of the p99 values, in ms. */
  get eventLoopDelayP99Ms(): number | null {
    return this.#delays.p95;
  }

  /** Of the workload's thread; null if it never reported one. */
  get workloadDelayP99Ms(): number | null {
    return this.#workloadDelays.p95;
  }

  get cpuShare(): number | null {
    return share(this.#cpuShares, this.#checks);
  }

  get withinLimits(): boolean | null {
    const { lateStartRate, eventLoopDelayP99Ms, cpuShare } = this;
    if (lateStartRate === null || eventLoopDelayP99Ms === null || cpuShare === null) return null;
    return (
      lateStartRate <= generatorLimits.lateStartRate &&
      Math.max(eventLoopDelayP99Ms, this.workloadDelayP99Ms ?? 0) <= generatorLimits.eventLoopDelayP99Ms &&
      cpuShare <= generatorLimits.cpuShare
    );
  }
}
