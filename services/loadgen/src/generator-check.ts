/** Is the generator itself well? Late starts, event-loop delay, CPU: outside its limits, its numbers say nothing of the server. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EventOf } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { LoadgenMetrics } from './metrics.ts';

/** A start is late when the generator let it wait longer than this: the distance of two probes, the finest time that a report speaks of. */
export const lateMs = 100;
const nanosecondsPerMs = 1e6;

export class GeneratorCheck implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #clock: Clock;
  readonly #metrics: LoadgenMetrics;
  #starts = 0;
  #lateStarts = 0;
  #since: { at: number; cpu: NodeJS.CpuUsage };

  constructor(clock: Clock, metrics: LoadgenMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#since = { at: clock.now(), cpu: process.cpuUsage() };
    this.#delay.enable();
  }

  started(waitedMs: number): void {
    this.#starts += 1;
    this.#metrics.starts.inc();
    if (waitedMs <= lateMs) return;
    this.#lateStarts += 1;
    this.#metrics.lateStarts.inc();
  }

  /** What was seen since the last call. */
  check(): EventOf<'generator_checked'> {
    const at = this.#clock.now();
    const cpu = process.cpuUsage(this.#since.cpu);
    const elapsedMs = Math.max(1, at - this.#since.at);
    const event: EventOf<'generator_checked'> = {
      type: 'generator_checked',
      at,
      lateStarts: this.#lateStarts,
      starts: this.#starts,
      // The monitor measures its own interval: what is above its resolution is delay.
      eventLoopDelayP99Ms: Math.max(0, this.#delay.percentile(99) / nanosecondsPerMs - 10),
      cpuShare: (cpu.user + cpu.system) / 1_000 / elapsedMs,
      memoryBytes: process.memoryUsage.rss(),
    };
    this.#delay.reset();
    this.#starts = 0;
    this.#lateStarts = 0;
    this.#since = { at, cpu: process.cpuUsage() };
    return event;
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}
