/**
 * All collectors that do not affect the verdict: warnings, alerts and charts. No rule and no
 * evidence requirement may read them.
 */
import type { Plan } from '@encore/contracts';
import type { Collectors } from '../collect/collectors.ts';
import type { Collector } from '../events/collector.ts';
import type { Evidence } from '../evidence.ts';
import { Alerts } from './alerts.ts';
import { MemoryTrace } from './memory-trace.ts';
import { type FaultMonitoring, Monitoring } from './monitoring.ts';
import { ProxyClients } from './proxy-clients.ts';
import { SecondTable } from './second-table.ts';
import { ServerReadiness } from './server-readiness.ts';
import { ServiceRecoveries } from './service-recoveries.ts';

/** Expected time before the ramp and after steady; arrays grow if a run exceeds it. */
const overheadSeconds = 900;

export function createObservers(plan: Plan, { tracker }: Collectors) {
  const plannedSeconds = plan.rampSeconds + plan.steadySeconds + overheadSeconds;
  return {
    alerts: new Alerts({ tracker, recoveryOf: plan.system.recoveryOf }),
    seconds: new SecondTable(plannedSeconds),
    memory: new MemoryTrace(plannedSeconds),
    readiness: new ServerReadiness(),
    monitoring: new Monitoring(),
    services: new ServiceRecoveries(plan.system),
    clients: new ProxyClients(),
  } satisfies Record<string, Collector>;
}

export type Observers = ReturnType<typeof createObservers>;

/** What warnings, charts and report may read: the evidence and the observations. */
export interface ObservedRun
  extends Evidence,
    Pick<Observers, 'alerts' | 'seconds' | 'memory' | 'services' | 'clients'> {
  /** Prometheus alerts by fault id; null if Prometheus was not queried. */
  monitoring: Map<string, FaultMonitoring> | null;
  /** Share of the fault-free windows in which the server was ready; null if it was not observed. */
  readyShare: number | null;
}

export function observedRun(evidence: Evidence, { monitoring, readiness, ...observers }: Observers): ObservedRun {
  const { faults, faultFreeWindows, run } = evidence;
  return {
    ...evidence,
    ...observers,
    monitoring: monitoring.of(faults),
    readyShare: readiness.shareOf(faultFreeWindows, run.lastAt),
  };
}
