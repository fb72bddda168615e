/**
 * Metrics of the scheduler: lateness and skipped faults. The injector's metrics cover active
 * faults.
 */
import { type FaultKind, faultKinds } from '@encore/contracts';
import { Counter, Histogram, type Registry } from 'prom-client';

export interface SchedulerMetrics {
  injected(latenessSeconds: number): void;
  skipped(kind: FaultKind): void;
}

export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const registers = [registry];
  const lateness = new Histogram({
    name: 'chaos_injection_lateness_seconds',
    help: 'Time from the planned moment of a fault to its injection',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const skipped = new Counter({
    name: 'chaos_faults_skipped_total',
    help: 'Planned faults that were not injected',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of faultKinds) skipped.inc({ kind }, 0);
  return { injected: (seconds) => lateness.observe(seconds), skipped: (kind) => skipped.inc({ kind }) };
}
