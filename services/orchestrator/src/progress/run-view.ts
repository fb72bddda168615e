/**
 * The live state of a run, updated by every event. Feeds the terminal, the page and the metrics;
 * the verdict is computed from the history, never from here.
 */
import type { EncoreEvent, EventOf, Phase, Plan, PlannedFault, RunConfig, Target } from '@encore/contracts';
import { firstReplica } from '@encore/kit';
import { attemptsOf, noOperations, type OperationCounts, operationsOf, sumOf } from '../figures.ts';
import { MemoryFaults } from '../judge/collect/memory-faults.ts';
import { ServerHealth } from '../judge/events/server-health.ts';
import type { Observation } from '../judge/events/time-order.ts';
import { type Alert, Alerts } from '../judge/observations/alerts.ts';
import type { HostMetrics } from './host-metrics.ts';
import { type Kill, Kills } from './kills.ts';
import { type RecentFigures, RecentLoad, type Trend } from './recent-load.ts';

export interface FaultNow {
  id: string;
  kind: PlannedFault['kind'];
  target: PlannedFault['target'];
  injectedAt: number;
  durationSeconds: number;
}

/** The server's own status, as far as it could be parsed. */
export interface ServerDetail {
  status: string;
  uptimeSeconds: number | null;
  requests: { active: number; queued: number } | null;
  /** Number of full garbage collections, and bytes in use after the last. */
  collections: { count: number; bytesAfter: number } | null;
  breakers: Record<string, string>;
}

export interface Snapshot {
  runId: string;
  seed: number;
  planHash: string;
  profile: string;
  phase: Phase | 'over';
  startedAt: number;
  endsAt: number | null;
  now: number;
  users: number;
  /** Attempts of users so far, and the failed ones among them. */
  requests: { all: number; failed: number };
  operations: Omit<OperationCounts, 'cancelled'>;
  successRate: number | null;
  recent: RecentFigures;
  /** The container whose recovery is judged; the first of its replicas. */
  recoveryOf: string;
  server: { port: boolean; ready: boolean } | null;
  current: FaultNow[];
  next: { id: string; kind: string; target: string; at: number } | null;
  faults: { planned: number; injected: number; effect: number };
  kills: Kill[];
  recoveryLimitSeconds: number;
  memory: Record<string, { bytes: number; limitBytes: number }>;
  detail: ServerDetail | null;
  host: HostMetrics | null;
  /** Traffic between users and server so far. */
  network: { sentBytes: number; receivedBytes: number };
  /** `pid` on the host; `cpuShare` of one core between the last two samples. */
  serverProcess: { pid: number | null; cpuShare: number | null; memoryBytes: number | null };
  /** The last 30 alerts. */
  alerts: Alert[];
  trend: Trend;
  result: string | null;
}

const shownAlerts = 30;

export class RunView {
  readonly runId: string;
  readonly config: RunConfig;
  readonly plan: Plan;
  readonly startedAt: number;
  phase: Phase | 'over' = 'preflight';
  steadyStartsAt: number | null = null;
  result: string | null = null;
  detail: ServerDetail | null = null;
  host: HostMetrics | null = null;
  serverPid = 0;
  /** Corrupt or stale answers to users. */
  wrongAnswers = 0;
  readonly #memoryFaults = new MemoryFaults();
  readonly #alerts: Alerts;
  #lastAlerts: Alert[] = [];
  readonly #load = new RecentLoad();
  #users = 0;
  readonly #requests = { all: 0, failed: 0 };
  readonly #network = { sentBytes: 0, receivedBytes: 0 };
  #serverCpu: { at: number; seconds: number; share: number | null } | null = null;
  #operations = noOperations();
  #server: { port: boolean; ready: boolean } | null = null;
  readonly #current = new Map<string, FaultNow>();
  readonly #kills = new Kills();
  #injected = 0;
  #confirmed = 0;
  readonly #memory: Snapshot['memory'] = {};
  readonly #planned: Map<string, PlannedFault>;
  readonly #health = new ServerHealth();
  /** The container whose process and memory are shown. */
  readonly #shown: Target;

  constructor(runId: string, config: RunConfig, plan: Plan, startedAt: number) {
    this.runId = runId;
    this.config = config;
    this.plan = plan;
    this.startedAt = startedAt;
    this.#shown = firstReplica(plan.system);
    this.#alerts = new Alerts({ memoryFaults: this.#memoryFaults, recoveryOf: plan.system.recoveryOf });
    this.#planned = new Map(plan.faults.map((fault) => [fault.id, fault]));
  }

  add(event: EncoreEvent): void {
    if (event.type !== 'probe_second') this.#raiseAlerts(event);
    else
      for (const { dueAt, endedAt, outcome } of event.probes)
        this.#raiseAlerts({ type: 'probe', at: endedAt, dueAt, outcome });
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
      case 'fault_injected':
        this.#inject(event);
        break;
      case 'fault_effect_checked':
        if (event.effect === 'confirmed') this.#confirmed += 1;
        this.#kills.addEffectCheck(event);
        break;
      case 'fault_reverted':
        this.#current.delete(event.faultId);
        break;
      case 'answered_again':
        for (const id of this.#kills.addAnswer(event)) this.#current.delete(id);
        break;
      case 'target_sampled':
        this.#memory[event.target] = { bytes: event.memoryBytes, limitBytes: event.memoryLimitBytes };
        if (event.target === this.#shown) this.#addServerCpu(event);
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

  snapshot(now: number): Snapshot {
    const { ok, failed, unknown, skipped } = this.#operations;
    const all = ok + failed + unknown;
    return {
      runId: this.runId,
      seed: this.config.seed,
      planHash: this.plan.hash,
      profile: this.config.profile,
      phase: this.phase,
      startedAt: this.startedAt,
      endsAt: this.#endsAt(now),
      now,
      users: this.#users,
      requests: { ...this.#requests },
      operations: { ok, failed, unknown, skipped },
      successRate: all === 0 ? null : ok / all,
      recent: this.#load.figures(now),
      recoveryOf: this.#shown,
      server: this.#server,
      current: [...this.#current.values()],
      next: this.#next(now),
      faults: { planned: this.plan.faults.length, injected: this.#injected, effect: this.#confirmed },
      kills: this.#kills.last,
      recoveryLimitSeconds: this.config.recoveryTimeoutSeconds,
      memory: { ...this.#memory },
      detail: this.detail,
      host: this.host,
      network: { ...this.#network },
      serverProcess: {
        pid: this.serverPid === 0 ? null : this.serverPid,
        cpuShare: this.#serverCpu?.share ?? null,
        memoryBytes: this.#memory[this.#shown]?.bytes ?? null,
      },
      alerts: [...this.#lastAlerts],
      trend: this.#load.trend,
      result: this.result,
    };
  }

  #raiseAlerts(event: Observation): void {
    this.#memoryFaults.add(event);
    const raised = this.#alerts.add(event);
    if (raised.length > 0) this.#lastAlerts = [...this.#lastAlerts, ...raised].slice(-shownAlerts);
  }

  /** A lower counter belongs to a new process. */
  #addServerCpu({ at, cpuSeconds: seconds }: EventOf<'target_sampled'>): void {
    const last = this.#serverCpu;
    const isLater = last !== null && at > last.at && seconds >= last.seconds;
    this.#serverCpu = { at, seconds, share: isLater ? (seconds - last.seconds) / ((at - last.at) / 1_000) : null };
  }

  #addSecond(event: EventOf<'load_second'>): void {
    this.#users = event.users;
    this.#network.sentBytes += event.bytesSent;
    this.#network.receivedBytes += event.bytesReceived;
    const attempts = attemptsOf(event);
    this.#requests.all += attempts.ok + attempts.failed;
    this.#requests.failed += attempts.failed;
    this.wrongAnswers += (event.attempts.corrupt ?? 0) + (event.attempts.stale ?? 0);
    this.#operations = sumOf(this.#operations, operationsOf(event));
    const server = this.#memory[this.#shown];
    this.#load.add(event, server && server.limitBytes > 0 ? server.bytes / server.limitBytes : null);
  }

  #inject(event: EventOf<'fault_injected'>): void {
    const { faultId: id, kind, target } = event;
    this.#injected += 1;
    const durationSeconds = this.#planned.get(id)?.durationSeconds ?? 0;
    this.#current.set(id, { id, kind, target, injectedAt: event.at, durationSeconds });
    this.#kills.addInjection(event);
  }

  #next(now: number): Snapshot['next'] {
    const { steadyStartsAt } = this;
    if (steadyStartsAt === null || this.phase !== 'steady') return null;
    const fault = this.plan.faults.find(({ atSeconds }) => steadyStartsAt + atSeconds * 1_000 > now);
    if (fault === undefined) return null;
    return { id: fault.id, kind: fault.kind, target: fault.target, at: steadyStartsAt + fault.atSeconds * 1_000 };
  }

  /** Expected start of cooldown; null if unknown. */
  #endsAt(now: number): number | null {
    if (this.steadyStartsAt !== null) return this.steadyStartsAt + this.plan.steadySeconds * 1_000;
    if (this.phase === 'preflight' || this.phase === 'startup')
      return now + (this.plan.rampSeconds + this.plan.steadySeconds) * 1_000;
    return null;
  }
}
