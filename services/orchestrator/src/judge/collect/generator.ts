/** Health of the load generator. Beyond its limits the measurements reflect itself. */
import { share } from '../../figures.ts';
import type { Collector } from '../events/collector.ts';
import type { Observation } from '../events/time-order.ts';

/** One late start in a hundred is tolerated: it makes response times look worse, never better. */
export const generatorLimits = { lateStartRate: 0.01, eventLoopDelayP99Ms: 200, cpuShare: 0.9 } as const;

/** Counts of event-loop delays by size, in steps of 1 ms up to 10 s. */
const delayStepsMs = 10_000;

export class Generator implements Collector {
  readonly #delays = new Uint32Array(delayStepsMs + 1);
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
    const step = Math.min(delayStepsMs, Math.max(0, Math.ceil(event.eventLoopDelayP99Ms)));
    this.#delays[step] = (this.#delays[step] ?? 0) + 1;
  }

  get lateStartRate(): number | null {
    return this.#checks === 0 ? null : (share(this.#late, this.#starts) ?? 0);
  }

  /** 95th percentile of the p99 values, in ms, so that a single pause does not decide a day. */
  get eventLoopDelayP99Ms(): number | null {
    let left = Math.ceil(this.#checks * 0.95);
    if (left === 0) return null;
    for (let step = 0; step <= delayStepsMs; step += 1) {
      left -= this.#delays[step] ?? 0;
      if (left <= 0) return step;
    }
    return delayStepsMs;
  }

  get cpuShare(): number | null {
    return share(this.#cpuShares, this.#checks);
  }

  get withinLimits(): boolean | null {
    const { lateStartRate, eventLoopDelayP99Ms, cpuShare } = this;
    if (lateStartRate === null || eventLoopDelayP99Ms === null || cpuShare === null) return null;
    return (
      lateStartRate <= generatorLimits.lateStartRate &&
      eventLoopDelayP99Ms <= generatorLimits.eventLoopDelayP99Ms &&
      cpuShare <= generatorLimits.cpuShare
    );
  }
}
