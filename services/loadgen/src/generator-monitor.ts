/**
 * Measures the generator itself: late starts, event-loop delays and CPU. If they exceed their
 * limits, the run's figures do not describe the server.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EventOf } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { LoadgenMetrics } from './metrics.ts';
import { lateStartMs } from './worker/reporter.ts';

const nanosecondsPerMs = 1e6;

export class GeneratorMonitor implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #clock: Clock;
  readonly #metrics: LoadgenMetrics;
  #starts = 0;
  #lateStarts = 0;
  /** Null until the workload's thread has reported. */
  #workloadDelayP99Ms: number | null = null;
  #since: { at: number; cpu: NodeJS.CpuUsage };

  constructor(clock: Clock, metrics: LoadgenMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#since = { at: clock.now(), cpu: process.cpuUsage() };
    this.#delay.enable();
  }

  started(waitedMs: number): void {
    this.add(1, waitedMs > lateStartMs ? 1 : 0);
  }

  /** Adds starts that users counted. */
  add(starts: number, lateStarts: number): void {
    this.#starts += starts;
    this.#lateStarts += lateStarts;
    this.#metrics.starts.inc(starts);
    this.#metrics.lateStarts.inc(lateStarts);
  }

  /** Adds a delay of the workload's thread, in which the users run. */
  workloadDelayed(p99Ms: number): void {
    this.#workloadDelayP99Ms = Math.max(this.#workloadDelayP99Ms ?? 0, p99Ms);
  }

  /** Returns the figures since the last call. */
  measure(): EventOf<'generator_checked'> {
    const at = this.#clock.now();
    const cpu = process.cpuUsage(this.#since.cpu);
    const elapsedMs = Math.max(1, at - this.#since.at);
    const event: EventOf<'generator_checked'> = {
      type: 'generator_checked',
      at,
      lateStarts: this.#lateStarts,
      starts: this.#starts,
      // The histogram contains the monitor's own interval of 10 ms; the rest is delay.
      eventLoopDelayP99Ms: Math.max(0, this.#delay.percentile(99) / nanosecondsPerMs - 10),
      ...(this.#workloadDelayP99Ms === null ? {} : { workloadDelayP99Ms: this.#workloadDelayP99Ms }),
      cpuShare: (cpu.user + cpu.system) / 1_000 / elapsedMs,
      memoryBytes: process.memoryUsage.rss(),
    };
    this.#delay.reset();
    this.#workloadDelayP99Ms = null;
    this.#starts = 0;
    this.#lateStarts = 0;
    this.#since = { at, cpu: process.cpuUsage() };
    return event;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}
