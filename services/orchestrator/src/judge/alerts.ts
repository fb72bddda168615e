/**
 * The alert table, which feeds monitor, live page and report. A rule watches events in the order of time and says what
 * is wrong (a text), that nothing is (null), or nothing at all (undefined). A text after a null raises one alert.
 */
import type { EventOf } from '@encore/contracts';
import type { Observation } from './time-order.ts';
import { timeOf } from './time-order.ts';
import { counted } from './words.ts';

export interface Alert {
  at: number;
  name: string;
  message: string;
}

interface AlertRule {
  name: string;
  /** What is looked at, in words, for the report's legend. */
  expression: string;
  watch(): (event: Observation) => string | null | undefined;
  /** Each text is an alert of its own. */
  every?: true;
}

const windowMs = 10_000;
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

export const alertRules: readonly AlertRule[] = [
  { name: 'error_rate', expression: 'over 5 % of at least 20 operations failed in 10 s', watch: watchErrorRate },
  { name: 'breaker_open', expression: 'a circuit breaker refused a request', watch: watchBreaker },
  {
    name: 'several_breakers',
    expression: 'breakers of several operations were open within 10 s',
    watch: watchBreakers,
  },
  { name: 'memory', expression: 'a container used over 75 % of its memory limit', watch: watchMemory },
  { name: 'kill', expression: 'Encore killed a target', watch: watchKills, every: true },
  { name: 'recovery', expression: 'the server was ready again', watch: watchRecovery, every: true },
];

const maxAlerts = 1_000;

export class Alerts {
  readonly #watchers = alertRules.map((rule) => ({ rule, look: rule.watch(), raised: false }));
  readonly list: Alert[] = [];
  readonly counts = new Map<string, number>(alertRules.map(({ name }) => [name, 0]));

  /** Returns the alerts that this event raised. */
  add(event: Observation): Alert[] {
    const raised: Alert[] = [];
    for (const watcher of this.#watchers) {
      const message = watcher.look(event);
      if (message === undefined) continue;
      if (message !== null && (!watcher.raised || watcher.rule.every === true)) {
        raised.push({ at: timeOf(event), name: watcher.rule.name, message });
      }
      watcher.raised = message !== null;
    }
    for (const alert of raised) {
      this.counts.set(alert.name, (this.counts.get(alert.name) ?? 0) + 1);
      if (this.list.length < maxAlerts) this.list.push(alert);
    }
    return raised;
  }
}

function watchErrorRate(): (event: Observation) => string | null | undefined {
  let recent: { at: number; bad: number; all: number }[] = [];
  return (event) => {
    if (event.type !== 'load_second') return undefined;
    recent = [...recent.filter(({ at }) => at > event.at - windowMs), { at: event.at, ...countsOf(event) }];
    const bad = recent.reduce((sum, second) => sum + second.bad, 0);
    const all = recent.reduce((sum, second) => sum + second.all, 0);
    return all >= 20 && bad / all > 0.05 ? `${percent(bad / all)} of ${all} operations failed within 10 s` : null;
  };
}

function countsOf(event: EventOf<'load_second'>): { bad: number; all: number } {
  let bad = 0;
  let all = 0;
  for (const { ok, failed, unknown } of Object.values(event.operations)) {
    bad += failed + unknown;
    all += ok + failed + unknown;
  }
  return { bad, all };
}

function watchBreaker(): (event: Observation) => string | null | undefined {
  let lastOpenAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (event.type !== 'load_second') return undefined;
    const refused = event.attempts.breaker_open ?? 0;
    if (refused > 0) lastOpenAt = event.at;
    return event.at - lastOpenAt < windowMs
      ? `a circuit breaker refused ${counted(refused, 'request')} in one second`
      : null;
  };
}

function watchBreakers(): (event: Observation) => string | null | undefined {
  const lastOpenAt = new Map<string, number>();
  return (event) => {
    if (event.type === 'attempt_failed' && event.outcome === 'breaker_open') lastOpenAt.set(event.operation, event.at);
    else if (event.type !== 'load_second') return undefined;
    const open = [...lastOpenAt].filter(([, at]) => at > event.at - windowMs).map(([operation]) => operation);
    return open.length > 1 ? `breakers were open for ${open.join(', ')} at once` : null;
  };
}

function watchMemory(): (event: Observation) => string | null | undefined {
  const high = new Map<string, string>();
  return (event) => {
    if (event.type !== 'target_sampled' || event.memoryLimitBytes === 0) return undefined;
    const used = event.memoryBytes / event.memoryLimitBytes;
    if (used > 0.75) high.set(event.target, `${event.target} used ${percent(used)} of its memory limit`);
    else if (used < 0.7) high.delete(event.target);
    return high.get(event.target) ?? (high.size > 0 ? undefined : null);
  };
}

function watchKills(): (event: Observation) => string | undefined {
  return (event) =>
    event.type === 'fault_injected' && (event.kind === 'crash' || event.kind === 'outage')
      ? `${event.faultId}: ${event.kind} of ${event.target}`
      : undefined;
}

function watchRecovery(): (event: Observation) => string | undefined {
  let lostAt: number | null = null;
  let comesUp = true;
  return (event) => {
    // Until the users come, a server that is not ready yet has lost nothing.
    if (event.type === 'phase_entered') comesUp = event.phase === 'preflight' || event.phase === 'startup';
    if (event.type !== 'server_seen' || comesUp) return undefined;
    if (!event.ready) lostAt ??= event.at;
    else if (lostAt !== null) {
      const seconds = (event.at - lostAt) / 1_000;
      lostAt = null;
      return `the server was ready again after ${seconds.toFixed(1)} s`;
    }
    return undefined;
  };
}
