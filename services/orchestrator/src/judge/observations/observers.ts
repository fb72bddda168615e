/**
 * All collectors that do not affect the verdict: warnings, alerts and charts. No rule and no
 * evidence requirement may read them.
 */
import type { Plan } from '@encore/contracts';
import type { Collectors } from '../collect/collectors.ts';
import type { Collector } from '../events/time-order.ts';
import type { Evidence } from '../evidence.ts';
import { Alerts } from './alerts.ts';
import { MemoryTrace } from './memory-trace.ts';
import { Monitoring } from './monitoring.ts';
import { ProxyClients } from './proxy-clients.ts';
import { SecondTable } from './second-table.ts';
import { ServerReadiness } from './server-readiness.ts';
import { ServiceRecoveries } from './service-recoveries.ts';

/** Time before the ramp and after steady. Charts leave out what exceeds it. */
const overheadSeconds = 3_600;

export function createObservers(plan: Plan, { tracker }: Collectors) {
  const maxSeconds = plan.rampSeconds + plan.steadySeconds + overheadSeconds;
  return {
    alerts: new Alerts({ tracker, recoveryOf: plan.system.recoveryOf }),
    seconds: new SecondTable(maxSeconds),
    memory: new MemoryTrace(maxSeconds),
    readiness: new ServerReadiness(),
    monitoring: new Monitoring(),
    services: new ServiceRecoveries(plan.system),
    clients: new ProxyClients(),
  } satisfies Record<string, Collector>;
}

export type Observers = ReturnType<typeof createObservers>;

/** What warnings, charts and report may read: the evidence and the observations. */
export type ObservedRun = ReturnType<typeof observedRun>;

export function observedRun(evidence: Evidence, { monitoring, readiness, ...observers }: Observers) {
  const { faults, faultFreeWindows, run } = evidence;
  return {
    ...evidence,
    ...observers,
    /** Prometheus alerts by fault id; null if Prometheus was not queried. */
    monitoring: monitoring.of(faults),
    /** Share of the fault-free windows in which the server was ready; null if not observed. */
    readyShare: readiness.shareOf(faultFreeWindows, run.lastAt),
  };
}
