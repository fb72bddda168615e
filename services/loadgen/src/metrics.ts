/**
 * Prometheus metrics, for dashboards and alerts only: the verdict uses events. All label sets exist
 * from the start, so that rates include the first failure; their operations are the workload's.
 */
import { outcomes } from '@encore/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { operationEnds } from './worker/messages.ts';

/** The findings of a read-back, as in its event. */
const findings = ['lost', 'corrupt', 'duplicate', 'phantom', 'unknownPresent', 'unknownAbsent'] as const;
type ReadBack = Record<'readBack' | (typeof findings)[number], number>;

export type LoadgenMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: Registry, operations: readonly string[]) {
  const registers = [registry];
  const metrics = {
    attempts: new Counter({
      name: 'loadgen_attempts_total',
      help: 'HTTP requests of users, by outcome',
      labelNames: ['operation', 'outcome'] as const,
      registers,
    }),
    operations: new Counter({
      name: 'loadgen_operations_total',
      help: 'Operations of users, by result',
      labelNames: ['operation', 'result'] as const,
      registers,
    }),
    skipped: new Counter({
      name: 'loadgen_operations_skipped_total',
      help: 'Planned operations not performed, because the user was too late or they were not possible',
      labelNames: ['operation'] as const,
      registers,
    }),
    responseSeconds: new Histogram({
      name: 'loadgen_response_seconds',
      help: 'Time from the intended start of an operation to its correct response',
      labelNames: ['operation'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    probes: new Counter({
      name: 'loadgen_probes_total',
      help: 'Availability probes, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    // A probe has a deadline of 1 s. The buckets are fine at both ends of that range.
    probeSeconds: new Histogram({
      name: 'loadgen_probe_seconds',
      help: 'Time from the intended start of a probe to its correct response',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1],
      registers,
    }),
    users: new Gauge({ name: 'loadgen_users', help: 'Active users', registers }),
    starts: new Counter({ name: 'loadgen_starts_total', help: 'Starts of operations and probes', registers }),
    lateStarts: new Counter({
      name: 'loadgen_late_starts_total',
      help: 'Starts delayed by the generator',
      registers,
    }),
    bytes: new Counter({
      name: 'loadgen_bytes_total',
      help: 'Bytes of request and response bodies',
      labelNames: ['direction'] as const,
      registers,
    }),
    readBackObjects: new Counter({
      name: 'loadgen_read_back_objects_total',
      help: 'Acknowledged objects read back',
      registers,
    }),
    readBackFindings: new Counter({
      name: 'loadgen_read_back_findings_total',
      help: 'Findings of read-backs',
      labelNames: ['finding'] as const,
      registers,
    }),
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
