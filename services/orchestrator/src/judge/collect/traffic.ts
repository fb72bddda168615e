/** Counts operations and attempts in ramp and steady, and records unobserved seconds. */
import { isNeutral, type Outcome, outcomes } from '@encore/contracts';
import { noOperations, type OperationCounts, share, sumOf } from '../../figures.ts';
import type { Span } from '../events/span.ts';
import type { Observation } from '../events/time-order.ts';
import type { RunFacts } from './run-facts.ts';

/** Consecutive `load_second` events are at most this far apart; a longer gap was not observed. */
const maxStepMs = 3_000;
const maxHoles = 10_000;

export class Traffic {
  readonly attempts = new Map<Outcome, number>(outcomes.map((outcome) => [outcome, 0]));
  readonly operations = new Map<string, OperationCounts>();
  /** Gaps between `load_second` events. */
  readonly holes: Span[] = [];
  firstAt: number | null = null;
  lastAt: number | null = null;

  readonly #run: RunFacts;

  constructor(run: RunFacts) {
    this.#run = run;
  }

  /** Counts the seconds of ramp and steady in which the injector worked. */
  add(event: Observation): void {
    if (event.type !== 'load_second' || !this.#run.isMeasuring) return;
    this.#observe(event.at);
    if (this.#run.injectorFailedWithin(event.at - 1_000, event.at)) return;
    for (const outcome of outcomes) {
      this.attempts.set(outcome, (this.attempts.get(outcome) ?? 0) + (event.attempts[outcome] ?? 0));
    }
    for (const [name, counts] of Object.entries(event.operations))
      this.operations.set(name, sumOf(this.countsOf(name), counts));
  }

  /** Spans of `whole` that no `load_second` event covers. */
  unseenWithin(whole: Span): Span[] {
    if (this.firstAt === null || this.lastAt === null) return [whole];
    const edges: Span[] = [
      { fromAt: whole.fromAt, toAt: this.firstAt - 1_000 },
      { fromAt: this.lastAt, toAt: whole.toAt },
    ];
    return [...this.holes, ...edges.filter(({ fromAt, toAt }) => toAt - fromAt > maxStepMs - 1_000)];
  }

  countsOf(operation: string): OperationCounts {
    return this.operations.get(operation) ?? noOperations();
  }

  get totals(): OperationCounts {
    return [...this.operations.values()].reduce(sumOf, noOperations());
  }

  /** Operations that ended with an outcome: ok, failed or unknown. */
  get operationCount(): number {
    const { ok, failed, unknown } = this.totals;
    return ok + failed + unknown;
  }

  /** Share of successful operations, 0 to 1; null without any operation. */
  get successRate(): number | null {
    return share(this.totals.ok, this.operationCount);
  }

  /** Operations that ended with an outcome, plus those that users skipped. */
  get plannedCount(): number {
    return this.operationCount + this.totals.skipped;
  }

  /** The success rate if skipped operations count as failures; null without any operation. */
  get successRateOfPlanned(): number | null {
    return share(this.totals.ok, this.plannedCount);
  }

  /** Attempts whose outcome depends on the server. */
  get attemptCount(): number {
    let count = 0;
    for (const [outcome, number] of this.attempts) if (!isNeutral(outcome)) count += number;
    return count;
  }

  get attemptSuccessRate(): number | null {
    return share(this.attempts.get('ok') ?? 0, this.attemptCount);
  }

  /** Attempts whose response was corrupt or stale. */
  get wrongAnswers(): number {
    return (this.attempts.get('corrupt') ?? 0) + (this.attempts.get('stale') ?? 0);
  }

  #observe(at: number): void {
    const beforeAt = this.lastAt;
    this.firstAt ??= at;
    this.lastAt = Math.max(at, beforeAt ?? at);
    if (beforeAt === null || at - beforeAt <= maxStepMs || this.holes.length >= maxHoles) return;
    this.holes.push({ fromAt: beforeAt, toAt: at - 1_000 });
  }
}
