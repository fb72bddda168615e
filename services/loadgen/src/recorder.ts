/**
 * Records what users did: one event per second, one per failed attempt (bounded), and histograms of
 * the whole run. Its memory does not grow with the length of the run.
 */
import { type EncoreEvent, type EventOf, type OperationKind, type Outcome, operationKinds } from '@encore/contracts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LatencyLog } from './latency-log.ts';
import type { LoadgenMetrics } from './metrics.ts';
import type { OperationEnd } from './operations.ts';
import type { AttemptRecord } from './step.ts';
import type { OperationRecord } from './virtual-user.ts';

type EndCounts = Record<OperationEnd | 'skipped', number>;
const zeroCounts = (): EndCounts => ({ ok: 0, failed: 0, unknown: 0, cancelled: 0, skipped: 0 });

/** Maximum failed attempts listed per minute; further ones are only counted. */
const maxListedPerMinute = 5_000;
const maxDetail = 300;

interface Totals {
  ends: EndCounts;
  service: LatencyHistogram;
  response: LatencyHistogram;
}

export class Recorder {
  attempts = 0;
  operations = 0;
  operationsOk = 0;
  users = 0;
  readonly #add: (event: EncoreEvent) => void;
  readonly #metrics: LoadgenMetrics;
  readonly #latencies: LatencyLog;
  readonly #totals: Record<OperationKind, Totals> = {
    create: newTotals(),
    analyze: newTotals(),
    modify: newTotals(),
    export: newTotals(),
    heavy: newTotals(),
  };
  readonly #outcomes: Partial<Record<Outcome, number>> = {};
  readonly #secondResponse = new LatencyHistogram();
  #second = emptySecond();
  #listed = { minute: -1, count: 0 };
  /** End of the last failed attempt since the last correct response. */
  #failedAt: number | null = null;

  constructor(add: (event: EncoreEvent) => void, metrics: LoadgenMetrics, latencies: LatencyLog) {
    this.#latencies = latencies;
    this.#add = add;
    this.#metrics = metrics;
  }

  attemptEnded(record: AttemptRecord): void {
    const { outcome, operation, bytesSent, bytesReceived } = record;
    this.attempts += 1;
    this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
    this.#second.attempts[outcome] = (this.#second.attempts[outcome] ?? 0) + 1;
    this.#second.bytesSent += bytesSent;
    this.#second.bytesReceived += bytesReceived;
    this.#metrics.attempts.inc({ operation, outcome });
    this.#metrics.bytes.inc({ direction: 'sent' }, bytesSent);
    this.#metrics.bytes.inc({ direction: 'received' }, bytesReceived);
    if (outcome === 'cancelled_at_end') return;
    const outcomeClass = outcome === 'ok' || outcome === 'shed' ? outcome : 'failed';
    this.#latencies.record(`${operation}.attempt.${outcomeClass}`, record.endedAt - record.startedAt);
    if (outcome === 'ok') this.#succeeded(record);
    else this.#failed(record);
  }

  operationEnded({ kind, end, dueAt, startedAt, endedAt }: OperationRecord): void {
    const totals = this.#count(kind, end);
    this.operations += 1;
    this.#metrics.operations.inc({ operation: kind, result: end });
    const responseMs = endedAt - dueAt;
    if (end === 'failed' || end === 'unknown') this.#latencies.record(`${kind}.failed.response`, responseMs);
    if (end !== 'ok') return;
    this.operationsOk += 1;
    this.#latencies.record(`${kind}.ok.response`, responseMs);
    this.#latencies.record(`${kind}.ok.service`, endedAt - startedAt);
    totals.service.record(endedAt - startedAt);
    totals.response.record(responseMs);
    this.#secondResponse.record(responseMs);
    this.#metrics.responseSeconds.observe({ operation: kind }, responseMs / 1_000);
  }

  operationSkipped(kind: OperationKind): void {
    this.#count(kind, 'skipped');
    this.#metrics.skipped.inc({ operation: kind });
  }

  /** Emits the second that ends at `at`. */
  endSecond(at: number): void {
    const { count, p50, p99, max } = this.#secondResponse.percentiles();
    this.#add({
      type: 'load_second',
      at,
      users: this.users,
      ...this.#second,
      responseMs: count === 0 ? null : { p50, p99, max },
    });
    this.#second = emptySecond();
    this.#secondResponse.reset();
    this.#metrics.users.set(this.users);
  }

  summary(at: number): EventOf<'load_summary'> {
    const operations: EventOf<'load_summary'>['operations'] = {};
    for (const kind of operationKinds) {
      const { ends, service, response } = this.#totals[kind];
      operations[kind] = { ...ends, serviceMs: service.percentiles(), responseMs: response.percentiles() };
    }
    return { type: 'load_summary', at, operations, attempts: { ...this.#outcomes } };
  }

  #count(kind: OperationKind, end: keyof EndCounts): Totals {
    const totals = this.#totals[kind];
    totals.ends[end] += 1;
    this.#second.operations[kind] ??= zeroCounts();
    this.#second.operations[kind][end] += 1;
    return totals;
  }

  #succeeded({ startedAt, endedAt, operation }: AttemptRecord): void {
    if (this.#failedAt === null || startedAt < this.#failedAt) return;
    this.#failedAt = null;
    this.#add({ type: 'answered_again', at: endedAt, startedAt, operation });
  }

  #failed(record: AttemptRecord): void {
    this.#failedAt = record.endedAt;
    const minute = Math.floor(record.endedAt / 60_000);
    if (this.#listed.minute !== minute) this.#listed = { minute, count: 0 };
    this.#listed.count += 1;
    if (this.#listed.count > maxListedPerMinute) return;
    const { endedAt: at, startedAt, attemptId, operation, operationId, user, outcome, request } = record;
    const detail = record.detail.slice(0, maxDetail);
    this.#add({
      type: 'attempt_failed',
      at,
      startedAt,
      attemptId,
      operation,
      operationId,
      user,
      outcome,
      request,
      detail,
    });
  }
}

const newTotals = (): Totals => ({
  ends: zeroCounts(),
  service: new LatencyHistogram(),
  response: new LatencyHistogram(),
});

function emptySecond(): {
  attempts: Partial<Record<Outcome, number>>;
  operations: Partial<Record<OperationKind, EndCounts>>;
  bytesSent: number;
  bytesReceived: number;
} {
  return { attempts: {}, operations: {}, bytesSent: 0, bytesReceived: 0 };
}
