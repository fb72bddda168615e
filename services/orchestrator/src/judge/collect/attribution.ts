/** Attributes failed attempts to fault windows or injector failures; others are unexplained. */
import { type EventOf, isNeutral, type Report } from '@encore/contracts';
import { attemptsOf } from '../../figures.ts';
import type { Observation } from '../events/time-order.ts';
import { endOf, type FaultRecord } from '../faults/fault-record.ts';
import type { FaultTracker } from '../faults/fault-tracker.ts';
import type { RunFacts } from './run-facts.ts';

type Unexplained = Omit<Report['attribution']['unexplained_samples'][number], 'at'> & { at: number };

const maxSamples = 50;
/** This many failures may be counted in one second but listed in the next. */
const listingTolerance = 10;

export class Attribution {
  /** Number of failed attempts by the id of the fault that explains them. */
  readonly explained = new Map<string, number>();
  injector = 0;
  unexplained = 0;
  readonly samples: Unexplained[] = [];
  readonly #tracker: FaultTracker;
  readonly #run: RunFacts;
  #lastFault: FaultRecord | null = null;
  /** Failed attempts that were counted but not listed yet. */
  #unlisted = 0;

  constructor(tracker: FaultTracker, run: RunFacts) {
    this.#tracker = tracker;
    this.#run = run;
  }

  add(event: Observation): void {
    if (event.type === 'attempt_failed' && !isNeutral(event.outcome)) this.#addListed(event);
    if (event.type === 'load_second') this.#countSecond(event);
  }

  #addListed(event: EventOf<'attempt_failed'>): void {
    this.#unlisted -= 1;
    const explained = this.#attribute(event.startedAt, event.at, 1);
    if (!explained && this.samples.length < maxSamples) this.samples.push(this.#sample(event));
  }

  /**
   * Adds failures that were only counted: the load generator lists a limited number per minute.
   * They belong to whatever their second belongs to.
   */
  #countSecond(event: EventOf<'load_second'>): void {
    this.#unlisted += attemptsOf(event).failed;
    if (this.#unlisted <= listingTolerance) return;
    this.#attribute(event.at - 1_000, event.at, this.#unlisted);
    this.#unlisted = 0;
  }

  #attribute(fromAt: number, toAt: number, count: number): boolean {
    const owner = this.#tracker.ownerOf(fromAt, toAt);
    if (owner !== null) {
      const { id } = owner.fault;
      this.explained.set(id, (this.explained.get(id) ?? 0) + count);
      this.#lastFault = owner;
      return true;
    }
    const injector = this.#run.injectorFailedWithin(fromAt, toAt);
    if (injector) this.injector += count;
    else this.unexplained += count;
    return injector;
  }

  #sample(event: EventOf<'attempt_failed'>): Unexplained {
    const { at, startedAt, operation, outcome, request, detail } = event;
    const took = `took ${Math.round(at - startedAt)} ms`;
    const last = this.#lastFault;
    const endedAt = last === null ? null : endOf(last);
    const after =
      last === null || endedAt === null
        ? 'no earlier fault with failures'
        : `${((startedAt - endedAt) / 1_000).toFixed(1)} s after the end of ${last.fault.id} (${last.fault.kind})`;
    const what = [detail, took, `phase ${this.#run.phase ?? 'none'}`, after].filter((text) => text !== '');
    return { at, operation, outcome, request, detail: what.join('; ') };
  }
}
