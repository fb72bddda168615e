/**
 * The live state of a run, for the terminal, the live page and the metrics. Counts, kills and
 * alerts come from the judge's collectors, so they equal those of the report, but lag by the
 * horizon; load, phase and active faults follow each event at once.
 */
import { type EncoreEvent, type EventOf, isKill, type Phase, type Plan, type RunConfig } from '@encore/contracts';
import { firstReplica } from '@encore/kit';
import { share } from '../figures.ts';
import { ServerHealth } from '../judge/events/server-health.ts';
import type { FaultRecord } from '../judge/faults/fault-record.ts';
import { History } from '../judge/history.ts';
import type { HostMetrics } from './host-metrics.ts';
import { RecentLoad } from './recent-load.ts';

export interface FaultNow extends Pick<EventOf<'fault_injected'>, 'kind' | 'target' | 'params'> {
  injectedAt: number;
}

export type Kill = ReturnType<typeof killOf>;

/** The server's own status, as far as it could be parsed. */
export interface ServerDetail {
  status: string;
  uptimeSeconds: number | null;
  requests: { active: number; queued: number } | null;
  /** Number of full garbage collections, and bytes in use after the last. */
  collections: { count: number; bytesAfter: number } | null;
  breakers: Record<string, string>;
}

export type Snapshot = ReturnType<RunView['snapshot']>;

/** Events of different sources are ordered within this time; the report's judge waits longer. */
export const liveHorizonMs = 2_000;

export class RunView {
  readonly runId: string;
  readonly config: RunConfig;
  readonly plan: Plan;
  readonly startedAt: number;
  readonly history: History;
  phase: Phase | 'over' = 'preflight';
  steadyStartsAt: number | null = null;
  result: string | null = null;
  detail: ServerDetail | null = null;
  host: HostMetrics | null = null;
  serverPid = 0;
  readonly #load = new RecentLoad();
  #users = 0;
  readonly #network = { sentBytes: 0, receivedBytes: 0 };
  #serverCpu: { at: number; seconds: number; share: number | null } | null = null;
  #server: { port: boolean; ready: boolean } | null = null;
  readonly #current = new Map<string, FaultNow>();
  #memoryBytes: number | null = null;
  #memoryShare: number | null = null;
  readonly #health = new ServerHealth();
  /** The container whose process and memory are shown. */
  readonly #shown: string;

  constructor(runId: string, config: RunConfig, plan: Plan, startedAt: number) {
    this.runId = runId;
    this.config = config;
    this.plan = plan;
    this.startedAt = startedAt;
    this.history = new History(plan, liveHorizonMs);
    this.#shown = firstReplica(plan.system);
  }

  add(event: EncoreEvent): void {
    this.history.add(event);
    switch (event.type) {
      case 'phase_entered':
        this.phase = event.phase;
        if (event.phase === 'steady') this.steadyStartsAt = event.at;
        break;
      case 'load_second':
        this.#addSecond(event);
        break;
      case 'server_observed':
        this.#server = this.#health.add(event);
        break;
      case 'fault_injected': {
        const { faultId, kind, target, params, at, engineAt = at } = event;
        this.#current.set(faultId, { kind, target, params, injectedAt: engineAt });
        break;
      }
      case 'fault_reverted':
        this.#current.delete(event.faultId);
        break;
      case 'answered_again':
        for (const [id, fault] of this.#current)
          if (isKill(fault) && event.startedAt > fault.injectedAt) this.#current.delete(id);
        break;
      case 'target_sampled':
        if (event.target === this.#shown) this.#addSample(event);
        break;
      default:
        break;
    }
  }

  /** End of the last second that the load generator reported. */
  get loadSeenAt(): number | null {
    return this.#load.seenAt;
  }

  get activeFaults(): number {
    return this.#current.size;
  }

  snapshot(now: number) {
    const { traffic, tracker } = this.history.collectors;
    const injected = [...tracker.records.values()].filter(({ injectedAt }) => injectedAt !== null);
    return {
      runId: this.runId,
      seed: this.config.seed,
      profile: this.config.profile,
      phase: this.phase,
      startedAt: this.startedAt,
      endsAt: this.#endsAt(now),
      now,
      users: this.#users,
      /** Attempts of users so far, and the failed ones among them. */
      requests: { all: traffic.attemptCount, failed: traffic.attemptCount - (traffic.attempts.get('ok') ?? 0) },
      operations: traffic.totals,
      successRate: traffic.successRate,
      recent: this.#load.figures(now),
      /** The container whose recovery is judged; the first of its replicas. */
      recoveryOf: this.#shown,
      server: this.#server,
      current: [...this.#current.values()],
      next: this.#next(now),
      faults: {
        planned: this.plan.faults.length,
        injected: injected.length,
        effect: injected.filter(({ effect }) => effect === 'confirmed').length,
      },
      /** The last ten. */
      kills: injected
        .filter(({ fault }) => isKill(fault))
        .map(killOf)
        .slice(-10),
      recoveryLimitSeconds: this.config.recoveryTimeoutSeconds,
      detail: this.detail,
      host: this.host,
      /** Traffic between users and server so far. */
      network: { ...this.#network },
      /** `pid` on the host; `cpuShare` of one core between the last two samples. */
      serverProcess: {
        pid: this.serverPid === 0 ? null : this.serverPid,
        cpuShare: this.#serverCpu?.share ?? null,
        memoryBytes: this.#memoryBytes,
        memoryShare: this.#memoryShare,
      },
      /** The last 30. */
      alerts: this.history.observers.alerts.latest,
      trend: this.#load.trend,
      result: this.result,
    };
  }

  #addSample({ at, cpuSeconds: seconds, memoryBytes, memoryLimitBytes }: EventOf<'target_sampled'>): void {
    this.#memoryBytes = memoryBytes;
    this.#memoryShare = share(memoryBytes, memoryLimitBytes);
    const last = this.#serverCpu;
    // A lower counter belongs to a new process.
    const isLater = last !== null && at > last.at && seconds >= last.seconds;
    this.#serverCpu = { at, seconds, share: isLater ? (seconds - last.seconds) / ((at - last.at) / 1_000) : null };
  }

  #addSecond(event: EventOf<'load_second'>): void {
    this.#users = event.users;
    this.#network.sentBytes += event.bytesSent;
    this.#network.receivedBytes += event.bytesReceived;
    this.#load.add(event, this.#memoryShare);
  }

  #next(now: number): { kind: FaultNow['kind']; target: string; at: number } | null {
    const { steadyStartsAt } = this;
    if (steadyStartsAt === null || this.phase !== 'steady') return null;
    const fault = this.plan.faults.find(({ atSeconds }) => steadyStartsAt + atSeconds * 1_000 > now);
    if (fault === undefined) return null;
    return { kind: fault.kind, target: fault.target, at: steadyStartsAt + fault.atSeconds * 1_000 };
  }

  /** Expected start of cooldown; null if unknown. */
  #endsAt(now: number): number | null {
    if (this.steadyStartsAt !== null) return this.steadyStartsAt + this.plan.steadySeconds * 1_000;
    if (this.phase === 'preflight' || this.phase === 'startup')
      return now + (this.plan.rampSeconds + this.plan.steadySeconds) * 1_000;
    return null;
  }
}

function killOf({ fault: { id, kind }, injectedAt, effect, firstSuccessAt }: FaultRecord) {
  return { id, kind, at: injectedAt ?? 0, effect, recoveredAt: firstSuccessAt };
}
