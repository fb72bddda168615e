/** For watching only: the verdict is made from events. All label sets exist from the start, so that the first failure shows. */
import { operationKinds, outcomes } from '@encore/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const operationEnds = ['ok', 'failed', 'unknown', 'cancelled'] as const;
/** What a read-back may find out about a write, as in its event. */
const findings = ['lost', 'corrupt', 'duplicate', 'phantom', 'unknownPresent', 'unknownAbsent'] as const;
type ReadBack = Record<'readBack' | (typeof findings)[number], number>;

export interface LoadgenMetrics {
  attempts: Counter<'operation' | 'outcome'>;
  operations: Counter<'operation' | 'result'>;
  skipped: Counter<'operation'>;
  responseSeconds: Histogram<'operation'>;
  probes: Counter<'outcome'>;
  probeSeconds: Histogram;
  users: Gauge;
  starts: Counter;
  lateStarts: Counter;
  bytes: Counter<'direction'>;
  readBackScores: Counter;
  readBackFindings: Counter<'finding'>;
}

export function createMetrics(registry: Registry): LoadgenMetrics {
  const registers = [registry];
  const metrics: LoadgenMetrics = {
    attempts: new Counter({
      name: 'loadgen_attempts_total',
      help: 'HTTP requests of the users, by the way in which they ended',
      labelNames: ['operation', 'outcome'],
      registers,
    }),
    operations: new Counter({
      name: 'loadgen_operations_total',
      help: 'What users wanted, by result',
      labelNames: ['operation', 'result'],
      registers,
    }),
    skipped: new Counter({
      name: 'loadgen_operations_skipped_total',
      help: 'Planned operations that were never performed, because the user was too far behind or had no score to work on',
      labelNames: ['operation'],
      registers,
    }),
    responseSeconds: new Histogram({
      name: 'loadgen_response_seconds',
      help: 'From the intended start of an operation to its right answer',
      labelNames: ['operation'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    probes: new Counter({
      name: 'loadgen_probes_total',
      help: 'Probes on a fixed schedule, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    // A probe has a second. Fine at both ends: what a probe takes without a fault, and what it takes just in time.
    probeSeconds: new Histogram({
      name: 'loadgen_probe_seconds',
      help: 'From the intended start of a probe to its right answer',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1],
      registers,
    }),
    users: new Gauge({ name: 'loadgen_users', help: 'Users that are active', registers }),
    starts: new Counter({ name: 'loadgen_starts_total', help: 'Starts that were due', registers }),
    lateStarts: new Counter({
      name: 'loadgen_late_starts_total',
      help: 'Starts that were late by a fault of the generator',
      registers,
    }),
    bytes: new Counter({
      name: 'loadgen_bytes_total',
      help: 'Bytes of bodies',
      labelNames: ['direction'],
      registers,
    }),
    readBackScores: new Counter({
      name: 'loadgen_read_back_scores_total',
      help: 'Acknowledged scores that were read back',
      registers,
    }),
    readBackFindings: new Counter({
      name: 'loadgen_read_back_findings_total',
      help: 'What the read-backs found of writes, by finding',
      labelNames: ['finding'],
      registers,
    }),
  };
  zero(metrics);
  return metrics;
}

export function countReadBack({ readBackScores, readBackFindings }: LoadgenMetrics, counts: ReadBack): void {
  readBackScores.inc(counts.readBack);
  for (const finding of findings) readBackFindings.inc({ finding }, counts[finding]);
}

function zero(metrics: LoadgenMetrics): void {
  for (const operation of operationKinds) {
    for (const outcome of outcomes) metrics.attempts.inc({ operation, outcome }, 0);
    for (const result of operationEnds) metrics.operations.inc({ operation, result }, 0);
    metrics.skipped.inc({ operation }, 0);
    metrics.responseSeconds.zero({ operation });
  }
  for (const outcome of outcomes) metrics.probes.inc({ outcome }, 0);
  for (const direction of ['sent', 'received'] as const) metrics.bytes.inc({ direction }, 0);
  for (const finding of findings) metrics.readBackFindings.inc({ finding }, 0);
}
