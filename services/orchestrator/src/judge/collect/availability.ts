/**
 * Availability as seen by the probes: the share answered correctly and in time without retries,
 * over the whole run and in fault-free windows, and the longest outage.
 */
import { isNeutral } from '@encore/contracts';
import { share } from '../../figures.ts';
import type { Observation } from '../events/time-order.ts';
import { FaultFreeFailures } from './fault-free-failures.ts';
import type { IsFaultFree, RunFacts } from './run-facts.ts';

export class Availability {
  /** Probes that the load generator could not send in time; not the server's failure. */
  notStarted = 0;
  /** Probes whose outcome depends on the server, and those among them in fault-free windows. */
  probes = 0;
  faultFreeProbes = 0;
  #ok = 0;
  #sheds = 0;
  #faultFreeOk = 0;
  #lastOkDueAt: number | null = null;
  #firstBadDueAt: number | null = null;
  #longestOutageMs = 0;
  readonly #faultFreeFailures = new FaultFreeFailures();

  readonly #run: RunFacts;
  readonly #isFaultFree: IsFaultFree;

  constructor(run: RunFacts, isFaultFree: IsFaultFree) {
    this.#run = run;
    this.#isFaultFree = isFaultFree;
  }

  add(probe: Observation): void {
    if (probe.type !== 'probe' || !this.#run.isMeasuring) return;
    if (probe.outcome === 'not_started') this.notStarted += 1;
    if (isNeutral(probe.outcome)) return;
    const ok = probe.outcome === 'ok';
    this.probes += 1;
    if (ok) this.#ok += 1;
    if (probe.outcome === 'shed') this.#sheds += 1;
    if (this.#isFaultFree(probe.dueAt, probe.at)) {
      this.faultFreeProbes += 1;
      if (ok) this.#faultFreeOk += 1;
      else this.#faultFreeFailures.add(probe.dueAt, probe.outcome);
    }
    if (!ok) {
      this.#firstBadDueAt ??= probe.dueAt;
      this.#measureOutage(probe.dueAt);
    } else {
      if (this.#firstBadDueAt !== null && probe.dueAt > this.#firstBadDueAt) {
        this.#measureOutage(probe.dueAt);
        this.#firstBadDueAt = null;
      }
      this.#lastOkDueAt = Math.max(probe.dueAt, this.#lastOkDueAt ?? 0);
    }
  }

  get overall(): number | null {
    return share(this.#ok, this.probes);
  }

  get faultFreeWindows(): number | null {
    return share(this.#faultFreeOk, this.faultFreeProbes);
  }

  /** Text about the probes that failed in fault-free windows; undefined if none did. */
  get faultFreeFailures(): string | undefined {
    return this.#faultFreeFailures.note(this.faultFreeProbes);
  }

  get probesWithoutSheds(): number {
    return this.probes - this.#sheds;
  }

  get withoutSheds(): number | null {
    return share(this.#ok, this.probesWithoutSheds);
  }

  /** Longest time between two successful probes with failures in between, by their due times. */
  get longestOutageSeconds(): number | null {
    return this.probes === 0 ? null : this.#longestOutageMs / 1_000;
  }

  #measureOutage(toAt: number): void {
    const fromAt = Math.min(this.#lastOkDueAt ?? Number.POSITIVE_INFINITY, this.#firstBadDueAt ?? toAt);
    this.#longestOutageMs = Math.max(this.#longestOutageMs, toAt - fromAt);
  }
}
