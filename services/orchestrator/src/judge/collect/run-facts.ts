/** Run metadata: settings, phases, observation gaps, read-backs, how the run ended. */
import { type EventOf, type Phase, profileNameSchema } from '@encore/contracts';
import { z } from 'zod';
import type { Span } from '../events/span.ts';
import { type Observation, timeOf } from '../events/time-order.ts';

/** Settings that affect the verdict. Without them, those of the strictest profile apply. */
const settingsSchema = z.object({
  profile: profileNameSchema.catch('full'),
  recoveryTimeoutSeconds: z.number().positive().catch(60),
  thresholds: z.record(z.string(), z.string()).catch({}),
});
export type Settings = z.infer<typeof settingsSchema>;

const maxGaps = 10_000;
/**
 * A stopping engine gives containers this long (its default), so users may be affected until then.
 */
const shutdownMs = 15_000;
/** Read-back results that break a promise of the server. */
export const readBackFindings = ['lost', 'corrupt', 'duplicate', 'phantom'] as const;

/**
 * Compares the counts of the final read-back with those of the ledger. They must match exactly:
 * this alone reveals objects whose lines were all removed from the ledger.
 */
export function readBackDisagreements(
  event: Pick<EventOf<'read_back_done'>, 'acknowledged' | 'readBack'>,
  ledger: { acknowledged: number; readBack: number },
): string[] {
  return [
    event.acknowledged === ledger.acknowledged
      ? ''
      : `the final read-back expected ${event.acknowledged} acknowledged objects, but the ledger shows ${ledger.acknowledged}`,
    event.readBack === ledger.readBack
      ? ''
      : `the final read-back read ${event.readBack} objects, but the ledger shows ${ledger.readBack}`,
  ].filter((text) => text !== '');
}

/** True if the span lies in steady, outside fault windows and injector failures. */
export type IsFaultFree = (fromAt: number, toAt: number) => boolean;

/** The parts of integrity that a run can judge. */
export interface IntegrityChecks {
  writes: boolean;
  phantoms: boolean;
}

export class RunFacts {
  started: EventOf<'run_started'> | null = null;
  ended: EventOf<'run_ended'> | null = null;
  readonly phases: { phase: Phase; at: number }[] = [];
  readonly gaps: (Span & { reason: string })[] = [];
  readonly sourcesLost: EventOf<'source_lost'>[] = [];
  /** Includes the time of a lost engine, which reveals nothing about the server. */
  readonly injectorFailures: (Span & { reason: string })[] = [];
  /** Spans without container events; an ongoing one lasts to the next one or to the end. */
  readonly engineLosses: (Span & { reason: string })[] = [];
  /** Changes of a container's restart policy during the run. */
  readonly restartPolicies: { target: string; at: number; policy: string }[] = [];
  #openLoss: { containers: Span; users: Span; usersUntil: number } | null = null;
  workload: EventOf<'workload_loaded'> | null = null;
  /** Each covers time that is not evidence about the system. */
  readonly workloadFailures: EventOf<'workload_failed'>[] = [];
  hygiene: EventOf<'hygiene_checked'> | null = null;
  finalReadBack: EventOf<'read_back_done'> | null = null;
  /** The read-back returned the digest of a write, so it can find what was written. */
  readBackMatched = false;
  /** Number of sample read-backs during steady, and of the objects they read. */
  readonly samples = { count: 0, objects: 0 };
  /** The highest count that any single read-back reported. */
  readonly maxFound = { lost: 0, corrupt: 0, duplicate: 0, phantom: 0 };
  capacity: EventOf<'capacity_measured' | 'capacity_not_measured'> | null = null;
  loadSummary: EventOf<'load_summary'> | null = null;
  firstAt = 0;
  lastAt = 0;
  /** When users or probes were last observed; 0 before the first. */
  usersSeenAt = 0;
  phase: Phase | null = null;
  #seen = false;

  add(event: Observation): void {
    const time = timeOf(event);
    if (!this.#seen) this.firstAt = time;
    this.#seen = true;
    this.lastAt = Math.max(this.lastAt, time);
    if (event.type === 'engine_lost') this.#openLoss = null;
    this.#extendLoss(time);
    switch (event.type) {
      case 'run_started':
        this.started ??= event;
        this.firstAt = this.started.at;
        this.#dropEarlier();
        break;
      case 'run_ended':
        this.ended = event;
        break;
      case 'phase_entered':
        this.phase = event.phase;
        this.phases.push({ phase: event.phase, at: event.at });
        break;
      case 'gap':
        if (this.gaps.length < maxGaps) this.gaps.push(this.#spanOf(event));
        break;
      case 'source_lost':
        if (this.sourcesLost.length < maxGaps) this.sourcesLost.push(event);
        break;
      case 'injector_failed':
        if (this.injectorFailures.length < maxGaps) this.injectorFailures.push(this.#spanOf(event));
        break;
      case 'engine_lost':
        this.#engineLost(event);
        break;
      case 'workload_loaded':
        this.workload = event;
        break;
      case 'workload_failed':
        if (this.workloadFailures.length < maxGaps) this.workloadFailures.push(event);
        break;
      case 'engine_event':
        this.#policy(event, time);
        break;
      case 'hygiene_checked':
        this.hygiene = event;
        break;
      case 'read_back_matched':
        this.readBackMatched = true;
        break;
      case 'read_back_done':
        this.#readBack(event);
        break;
      case 'capacity_measured':
      case 'capacity_not_measured':
        this.capacity = event;
        break;
      case 'load_summary':
        this.loadSummary = event;
        break;
      case 'load_second':
      case 'probe':
        this.usersSeenAt = Math.max(this.usersSeenAt, event.at);
        break;
      default:
        break;
    }
  }

  /** A copy of the span without its time before the run. */
  #spanOf({ fromAt, toAt, reason }: Span & { reason: string }): Span & { reason: string } {
    return { fromAt: this.started === null ? fromAt : Math.max(this.started.at, fromAt), toAt, reason };
  }

  /** Time order puts a span that began before the run in front of the start of the run. */
  #dropEarlier(): void {
    for (const list of [this.gaps, this.injectorFailures, this.engineLosses]) {
      const kept = list.filter(({ toAt }) => toAt >= this.firstAt);
      for (const span of kept) span.fromAt = Math.max(this.firstAt, span.fromAt);
      list.splice(0, list.length, ...kept);
    }
  }

  #engineLost(event: EventOf<'engine_lost'>): void {
    if (this.engineLosses.length >= maxGaps) return;
    const { ongoing, toAt } = event;
    const [containers, users] = [this.#spanOf(event), this.#spanOf(event)];
    this.engineLosses.push(containers);
    for (const list of [this.injectorFailures, this.gaps]) list.push(users);
    if (ongoing) this.#openLoss = { containers, users, usersUntil: toAt + shutdownMs };
  }

  /** Keeps changes only: each update of a limit reports the policy, too. */
  #policy({ target, restartPolicy: policy }: EventOf<'engine_event'>, at: number): void {
    if (policy === undefined || this.restartPolicies.length >= maxGaps) return;
    const last = this.restartPolicies.findLast((change) => change.target === target);
    if (last?.policy !== policy) this.restartPolicies.push({ target, at, policy });
  }

  #extendLoss(time: number): void {
    if (this.#openLoss === null) return;
    const { containers, users, usersUntil } = this.#openLoss;
    containers.toAt = Math.max(containers.toAt, time);
    users.toAt = Math.max(users.toAt, Math.min(time, usersUntil));
  }

  #readBack(event: EventOf<'read_back_done'>): void {
    if (event.readBack > event.lost + event.corrupt) this.readBackMatched = true;
    if (event.final) this.finalReadBack = event;
    else {
      this.samples.count += 1;
      this.samples.objects += event.readBack;
    }
    for (const finding of readBackFindings) this.maxFound[finding] = Math.max(this.maxFound[finding], event[finding]);
  }

  /** All, unless the workload lacks a function. */
  get checks(): IntegrityChecks {
    const { readBack = true, list = true } = this.workload ?? {};
    return { writes: readBack, phantoms: readBack && list };
  }

  /** True in ramp and steady, whose operations count. */
  get isMeasuring(): boolean {
    return this.phase === 'ramp' || this.phase === 'steady';
  }

  /** True if the injector failed in the span, which then reveals nothing about the server. */
  injectorFailedWithin(fromAt: number, toAt: number): boolean {
    return this.injectorFailures.some((failure) => failure.fromAt <= toAt && failure.toAt >= fromAt);
  }

  get interrupted(): boolean {
    return this.ended?.status === 'interrupted';
  }

  get settings(): Settings {
    return settingsSchema.parse(this.started?.config ?? {});
  }

  /** From the start of the first to the end of the last of these phases; null without any. */
  span(...names: Phase[]): Span | null {
    const first = this.phases.find(({ phase }) => names.includes(phase));
    if (first === undefined) return null;
    const next = this.phases.find(({ phase, at }) => at >= first.at && !names.includes(phase));
    return { fromAt: first.at, toAt: next?.at ?? this.ended?.at ?? this.lastAt };
  }
}
