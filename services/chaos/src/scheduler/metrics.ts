/**
 * Metrics of the scheduler: lateness and skipped faults. The injector's metrics cover active
 * faults.
 */
import { type FaultKind, faultKinds } from '@encore/contracts';
import { metricsIn } from '@encore/kit';
import type { Registry } from 'prom-client';

export interface SchedulerMetrics {
  injected(latenessSeconds: number): void;
  skipped(kind: FaultKind): void;
}

export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const { counter, histogram } = metricsIn(registry);
  const lateness = histogram(
    'chaos_injection_lateness_seconds',
    'Time from the planned moment of a fault to its injection',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  const skipped = counter('chaos_faults_skipped_total', 'Planned faults that were not injected', 'kind');
  for (const kind of faultKinds) skipped.inc({ kind }, 0);
  return { injected: (seconds) => lateness.observe(seconds), skipped: (kind) => skipped.inc({ kind }) };
}
