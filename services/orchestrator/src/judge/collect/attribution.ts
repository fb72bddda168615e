/** Attributes failed attempts to fault windows or injector failures; others are unexplained. */
import type { EventOf } from '@encore/contracts';
import { neutralOutcomes } from '@encore/contracts';
import type { FaultRecord } from '../faults/fault-record.ts';
import { endOf } from '../faults/fault-record.ts';
import type { FaultTracker } from '../faults/fault-tracker.ts';
import type { RunFacts } from './run-facts.ts';
import { isNeutral } from './traffic.ts';

export interface Unexplained {
  at: number;
  startedAt: number;
  operation: string;
  outcome: string;
  request: string;
  detail: string;
}

const maxSamples = 50;
/** This many failures may be counted in one second but listed in the next. */
const listingTolerance = 10;

export class Attribution {
  explained = 0;
  injector = 0;
  unexplained = 0;
  readonly samples: Unexplained[] = [];
  #lastFault: FaultRecord | null = null;
  /** Failed attempts that were counted but not listed yet. */
  #unlisted = 0;

  /** Adds a listed failure. Call in time order, after the tracker has processed the event. */
  add(event: EventOf<'attempt_failed'>, tracker: FaultTracker, run: RunFacts): void {
    if (isNeutral(event.outcome)) return;
    this.#unlisted -= 1;
    const explained = this.#attribute(event.startedAt, event.at, 1, tracker, run);
    if (!explained && this.samples.length < maxSamples) this.samples.push(this.#sample(event, run));
  }

  /**
   * Adds failures that were only counted: the load generator lists a limited number per minute.
   * They belong to whatever their second belongs to.
   */
  countSecond(event: EventOf<'load_second'>, tracker: FaultTracker, run: RunFacts): void {
    for (const [outcome, count] of Object.entries(event.attempts)) {
      if (outcome !== 'ok' && !neutralOutcomes.some((neutral) => neutral === outcome)) this.#unlisted += count;
    }
    if (this.#unlisted <= listingTolerance) return;
    this.#attribute(event.at - 1_000, event.at, this.#unlisted, tracker, run);
    this.#unlisted = 0;
  }

  #attribute(fromAt: number, toAt: number, count: number, tracker: FaultTracker, run: RunFacts): boolean {
    const owner = tracker.ownerOf(fromAt, toAt);
    if (owner !== null) {
      owner.attemptsFailed += count;
      this.explained += count;
      this.#lastFault = owner;
      return true;
    }
    const injector = run.injectorFailedWithin(fromAt, toAt);
    if (injector) this.injector += count;
    else this.unexplained += count;
    return injector;
  }

  #sample(event: EventOf<'attempt_failed'>, run: RunFacts): Unexplained {
    const { at, startedAt, operation, outcome, request, detail } = event;
    const took = `took ${Math.round(at - startedAt)} ms`;
    const last = this.#lastFault;
    const endedAt = last === null ? null : endOf(last);
    const after =
      last === null || endedAt === null
        ? 'no earlier fault with failures'
        : `${((startedAt - endedAt) / 1_000).toFixed(1)} s after the end of ${last.fault.id} (${last.fault.kind})`;
    const what = [detail, took, `phase ${run.phase ?? 'none'}`, after].filter((text) => text !== '');
    return { at, startedAt, operation, outcome, request, detail: what.join('; ') };
  }
}
