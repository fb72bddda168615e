/**
 * Prometheus metrics, for dashboards and alerts only: the verdict uses events. All label sets exist
 * from the start, so that rates include the first failure; their operations are the workload's.
 */
import { outcomes } from '@encore/contracts';
import { metricsIn } from '@encore/kit';
import type { Registry } from 'prom-client';
import { operationEnds } from './worker/messages.ts';

/** The findings of a read-back, as in its event. */
const findings = ['lost', 'corrupt', 'duplicate', 'phantom', 'unknownPresent', 'unknownAbsent'] as const;
type ReadBack = Record<'readBack' | (typeof findings)[number], number>;

export type LoadgenMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: Registry, operations: readonly string[]) {
  const { counter, gauge, histogram } = metricsIn(registry);
  const metrics = {
    attempts: counter('loadgen_attempts_total', 'HTTP requests of users, by outcome', 'operation', 'outcome'),
    operations: counter('loadgen_operations_total', 'Operations of users, by result', 'operation', 'result'),
    skipped: counter(
      'loadgen_operations_skipped_total',
      'Planned operations not performed, because the user was too late or they were not possible',
      'operation',
    ),
    responseSeconds: histogram(
      'loadgen_response_seconds',
      'Time from the intended start of an operation to its correct response',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
      'operation',
    ),
    probes: counter('loadgen_probes_total', 'Availability probes, by outcome', 'outcome'),
    // A probe has a deadline of 1 s. The buckets are fine at both ends of that range.
    probeSeconds: histogram(
      'loadgen_probe_seconds',
      'Time from the intended start of a probe to its correct response',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1],
    ),
    users: gauge('loadgen_users', 'Active users'),
    starts: counter('loadgen_starts_total', 'Starts of operations and probes'),
    lateStarts: counter('loadgen_late_starts_total', 'Starts delayed by the generator'),
    bytes: counter('loadgen_bytes_total', 'Bytes of request and response bodies', 'direction'),
    readBackObjects: counter('loadgen_read_back_objects_total', 'Acknowledged objects read back'),
    readBackFindings: counter('loadgen_read_back_findings_total', 'Findings of read-backs', 'finding'),
  };
  for (const operation of operations) {
    for (const outcome of outcomes) metrics.attempts.inc({ operation, outcome }, 0);
    for (const result of operationEnds) metrics.operations.inc({ operation, result }, 0);
    metrics.skipped.inc({ operation }, 0);
    metrics.responseSeconds.zero({ operation });
  }
  for (const outcome of outcomes) metrics.probes.inc({ outcome }, 0);
  for (const direction of ['sent', 'received'] as const) metrics.bytes.inc({ direction }, 0);
  for (const finding of findings) metrics.readBackFindings.inc({ finding }, 0);
  return metrics;
}

export function countReadBack({ readBackObjects, readBackFindings }: LoadgenMetrics, counts: ReadBack): void {
  readBackObjects.inc(counts.readBack);
  for (const finding of findings) readBackFindings.inc({ finding }, counts[finding]);
}
