/**
 * Alerts of the monitor, the live page and the report. A rule receives events in time order and
 * returns a text (problem), null (no problem) or undefined (no change). A text after null raises
 * one alert; a rule with `every` raises one for each text. Texts name their subject: "Circuit
 * breaker open: x".
 */
import { type AlertLevel, type EventOf, isKill } from '@encore/contracts';
import { type OperationCounts, operationsOf } from '../../figures.ts';
import { percentText, secondsText } from '../../text.ts';
import { ServerHealth } from '../events/server-health.ts';
import { type Observation, timeOf } from '../events/time-order.ts';
import type { FaultTracker } from '../faults/fault-tracker.ts';

export interface Alert {
  at: number;
  name: string;
  level: AlertLevel;
  message: string;
}

interface AlertContext {
  tracker: FaultTracker;
  /** The container whose readiness is observed. */
  recoveryOf: string;
}

interface AlertRule {
  name: string;
  level: AlertLevel;
  watch(context: AlertContext): (event: Observation) => string | null | undefined;
  /** Each text raises an alert. */
  every?: true;
}

const windowMs = 10_000;
const percent = (value: number): string => percentText(value, 1);

const alertRules: readonly AlertRule[] = [
  { name: 'error_rate', level: 'WARNING', watch: watchErrorRate },
  { name: 'breaker_open', level: 'WARNING', watch: watchBreaker, every: true },
  { name: 'several_breakers', level: 'WARNING', watch: watchBreakers },
  { name: 'memory', level: 'WARNING', watch: watchMemory },
  { name: 'kill', level: 'WARNING', watch: watchKills, every: true },
  { name: 'recovery', level: 'INFO', watch: watchRecovery, every: true },
];

const maxAlerts = 1_000;
const maxLatest = 30;

export class Alerts {
  readonly #health = new ServerHealth();
  readonly #watchers;
  /** The first 1,000. */
  readonly list: Alert[] = [];
  /** The last 30. */
  latest: readonly Alert[] = [];

  constructor(context: AlertContext) {
    this.#watchers = alertRules.map((rule) => ({ rule, next: rule.watch(context), raised: false }));
  }

  add(event: Observation): void {
    const whole = event.type === 'server_observed' ? this.#health.add(event) : event;
    for (const watcher of this.#watchers) {
      const message = watcher.next(whole);
      if (message === undefined) continue;
      if (message !== null && (!watcher.raised || watcher.rule.every === true)) {
        const { name, level } = watcher.rule;
        const alert = { at: timeOf(event), name, level, message };
        if (this.list.length < maxAlerts) this.list.push(alert);
        this.latest = [...this.latest, alert].slice(-maxLatest);
      }
      watcher.raised = message !== null;
    }
  }
}

/** Alerts if more than 5 % of at least 20 operations failed in 10 s. */
function watchErrorRate(): (event: Observation) => string | null | undefined {
  let recent: ({ at: number } & OperationCounts)[] = [];
  return (event) => {
    if (event.type !== 'load_second') return undefined;
    recent = [...recent.filter(({ at }) => at > event.at - windowMs), { at: event.at, ...operationsOf(event) }];
    const bad = recent.reduce((sum, { failed, unknown }) => sum + failed + unknown, 0);
    const all = bad + recent.reduce((sum, { ok }) => sum + ok, 0);
    return all >= 20 && bad / all > 0.05 ? `High error rate: ${percent(bad / all)} of ${all} operations in 10 s` : null;
  };
}

/** A breaker stays open for about this long; its refusals in that time raise one alert. */
const breakerMs = 60_000;

function watchBreaker(): (event: Observation) => string | undefined {
  const lastRefusedAt = new Map<string, number>();
  return (event) => {
    if (event.type !== 'attempt_failed' || event.outcome !== 'breaker_open') return undefined;
    const { at, request } = event;
    const isKnown = at - (lastRefusedAt.get(request) ?? Number.NEGATIVE_INFINITY) < breakerMs;
    lastRefusedAt.set(request, at);
    return isKnown ? undefined : `Circuit breaker open: ${request}`;
  };
}

function watchBreakers(): (event: Observation) => string | null | undefined {
  const lastOpenAt = new Map<string, number>();
  return (event) => {
    if (event.type === 'attempt_failed' && event.outcome === 'breaker_open') lastOpenAt.set(event.request, event.at);
    else if (event.type !== 'load_second') return undefined;
    const open = [...lastOpenAt].filter(([, at]) => at > event.at - windowMs).map(([tool]) => tool);
    return open.length > 1 ? `Several circuit breakers open: ${open.join(', ')}` : null;
  };
}

function watchMemory({ tracker }: AlertContext): (event: Observation) => string | null | undefined {
  const high = new Map<string, string>();
  return (event) => {
    if (event.type !== 'target_sampled' || event.memoryLimitBytes === 0) return undefined;
    const used = event.memoryBytes / event.memoryLimitBytes;
    const memoryFault = tracker.memoryFaultOn(event.target, timeOf(event))?.fault;
    const cause = memoryFault === undefined ? '' : ` (under ${memoryFault.kind}, ${memoryFault.id})`;
    if (used > 0.75) high.set(event.target, `High memory: ${event.target} uses ${percent(used)} of its limit${cause}`);
    else if (used < 0.7) high.delete(event.target);
    return high.get(event.target) ?? (high.size > 0 ? undefined : null);
  };
}

function watchKills(): (event: Observation) => string | undefined {
  return (event) =>
    isKillEvent(event) ? `Scheduled process kill: ${event.kind} of ${event.target} (${event.faultId})` : undefined;
}

function isKillEvent(event: Observation): event is EventOf<'fault_injected'> {
  return event.type === 'fault_injected' && isKill(event);
}

/**
 * The recovery from a kill ends when it ends in the report; that from a loss of readiness without a
 * kill, when the container is ready again.
 */
function watchRecovery({ tracker, recoveryOf }: AlertContext): (event: Observation) => string | undefined {
  const kills = new Map<string, { at: number; target: string }>();
  const watchReadiness = readiness();
  let recoveredAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (isKillEvent(event)) kills.set(event.faultId, { at: timeOf(event), target: event.target });
    if (event.type === 'fault_effect_checked' && event.effect !== 'confirmed') kills.delete(event.faultId);
    const lostAt = watchReadiness(event);
    if (lostAt !== null && kills.size === 0 && recoveredAt < lostAt)
      return `Recovery successful in ${seconds(timeOf(event) - lostAt)}: ${recoveryOf} ready again`;
    const over = [...kills].filter(([faultId]) => (tracker.records.get(faultId)?.firstSuccessAt ?? null) !== null);
    for (const [faultId] of over) kills.delete(faultId);
    const [first] = over;
    if (first === undefined) return undefined;
    recoveredAt = timeOf(event);
    const [faultId, { at, target }] = first;
    return `Recovery successful in ${seconds(recoveredAt - at)}: ${target} (${faultId})`;
  };
}

/** When the event restores readiness, returns when it was lost; otherwise null. */
function readiness(): (event: Observation) => number | null {
  let lostAt: number | null = null;
  let isStarting = true;
  return (event) => {
    // Before the load, a server that is not ready yet has not lost readiness.
    if (event.type === 'phase_entered') isStarting = event.phase === 'preflight' || event.phase === 'startup';
    if (event.type !== 'server_observed' || isStarting) return null;
    const before = lostAt;
    lostAt = event.ready ? null : (lostAt ?? event.at);
    return event.ready ? before : null;
  };
}

const seconds = (ms: number): string => secondsText(ms / 1_000, 1);
