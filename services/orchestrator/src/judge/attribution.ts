/** Whose fault was it? Every failed attempt belongs to a fault's window or tail, to a failure of the injector, or is unexplained. */
import type { EventOf } from '@encore/contracts';
import type { FaultRecord } from './fault-record.ts';
import { endOf } from './fault-record.ts';
import type { FaultTracker } from './fault-tracker.ts';
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

export class Attribution {
  explained = 0;
  injector = 0;
  unexplained = 0;
  readonly samples: Unexplained[] = [];
  #lastFault: FaultRecord | null = null;

  /** Call it in the order of time, after the tracker has seen the event. */
  add(event: EventOf<'attempt_failed'>, tracker: FaultTracker, run: RunFacts): void {
    if (isNeutral(event.outcome)) return;
    const owner = tracker.ownerOf(event.startedAt, event.at);
    if (owner !== null) {
      owner.attemptsFailed += 1;
      this.explained += 1;
      this.#lastFault = owner;
    } else if (run.injectorFailures.some(({ fromAt, toAt }) => fromAt <= event.at && toAt >= event.startedAt)) {
      this.injector += 1;
    } else {
      this.unexplained += 1;
      if (this.samples.length < maxSamples) this.samples.push(this.#sample(event, run));
    }
  }

  #sample(event: EventOf<'attempt_failed'>, run: RunFacts): Unexplained {
    const { at, startedAt, operation, outcome, request, detail } = event;
    const took = `took ${Math.round(at - startedAt)} ms`;
    const last = this.#lastFault;
    const endedAt = last === null ? null : endOf(last);
    const after =
      last === null || endedAt === null
        ? 'no fault with failures before it'
        : `${((startedAt - endedAt) / 1_000).toFixed(1)} s after the end of ${last.fault.id} (${last.fault.kind})`;
    const what = [detail, took, `phase ${run.phase ?? 'none'}`, after].filter((text) => text !== '');
    return { at, startedAt, operation, outcome, request, detail: what.join('; ') };
  }
}
