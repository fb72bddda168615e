/**
 * Records what users did: one event per second, one per failed attempt (bounded), and histograms of
 * the whole run. Its memory does not grow with the length of the run.
 */
import { type EncoreEvent, type EventOf, type Outcome, outcomes } from '@encore/contracts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LatencyLog } from './latency-log.ts';
import type { LoadgenMetrics } from './metrics.ts';
import { attemptFields, type OperationEnd, operationEnds, operationFields, type Report } from './worker/messages.ts';
import type { OperationRecord } from './worker/reporter.ts';
import type { AttemptRecord } from './worker/step.ts';

type EndCounts = Record<OperationEnd | 'skipped', number>;
const zeroCounts = (): EndCounts => ({ ok: 0, failed: 0, unknown: 0, cancelled: 0, skipped: 0 });

/** A correct attempt is not listed, so it has no texts. */
const noTexts = { attemptId: '', operationId: '', request: '', detail: '' };
/** Maximum failed attempts listed per minute; further ones are only counted. */
const maxListedPerMinute = 5_000;

interface Totals {
  ends: EndCounts;
  service: LatencyHistogram;
  response: LatencyHistogram;
}

export class Recorder {
  attempts = 0;
  operations = 0;
  users = 0;
  readonly #add: (event: EncoreEvent) => void;
  readonly #metrics: LoadgenMetrics;
  readonly #latencies: LatencyLog;
  readonly #operations: readonly string[];
  readonly #totals: Map<string, Totals>;
  readonly #outcomes: Partial<Record<Outcome, number>> = {};
  readonly #secondResponse = new LatencyHistogram();
  #second = emptySecond();
  #listed = { minute: -1, count: 0 };
  /** End of the last failed attempt since the last correct response. */
  #failedAt: number | null = null;

  constructor(
    operations: readonly string[],
    add: (event: EncoreEvent) => void,
    metrics: LoadgenMetrics,
    latencies: LatencyLog,
  ) {
    this.#operations = operations;
    this.#totals = new Map(operations.map((name) => [name, newTotals()]));
    this.#latencies = latencies;
    this.#add = add;
    this.#metrics = metrics;
  }

  /** Adds what users reported. The order within a report is that of time. */
  add(report: Report): void {
    const { attempts, failures, operations } = report;
    this.users = report.users;
    this.#metrics.users.set(report.users);
    let failed = 0;
    for (let i = 0; i < attempts.length; i += attemptFields) {
      const [
        operation = -1,
        outcomeIndex = -1,
        user = 0,
        startedAt = 0,
        endedAt = 0,
        bytesSent = 0,
        bytesReceived = 0,
      ] = attempts.slice(i, i + attemptFields);
      const outcome = outcomes[outcomeIndex] ?? 'not_started';
      const texts = outcome === 'ok' ? noTexts : (failures[failed++] ?? noTexts);
      const record = { outcome, user, startedAt, endedAt, bytesSent, bytesReceived, ...texts };
      this.#attemptEnded({ ...record, operation: this.#operations[operation] ?? '' });
    }
    for (let i = 0; i < operations.length; i += operationFields) {
      const [operation = -1, end = -1, dueAt = 0, startedAt = 0, endedAt = 0] = operations.slice(
        i,
        i + operationFields,
      );
      const ended = { end: operationEnds[end] ?? 'cancelled', dueAt, startedAt, endedAt };
      this.#operationEnded({ ...ended, operation: this.#operations[operation] ?? '' });
    }
    for (const operation of report.skipped) this.#operationSkipped(this.#operations[operation] ?? '');
  }

  #attemptEnded(record: AttemptRecord): void {
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

  #operationEnded({ operation, end, dueAt, startedAt, endedAt }: OperationRecord): void {
    const totals = this.#count(operation, end);
    this.operations += 1;
    this.#metrics.operations.inc({ operation, result: end });
    const responseMs = endedAt - dueAt;
    if (end === 'failed' || end === 'unknown') this.#latencies.record(`${operation}.failed.response`, responseMs);
    if (end !== 'ok') return;
    this.#latencies.record(`${operation}.ok.response`, responseMs);
    this.#latencies.record(`${operation}.ok.service`, endedAt - startedAt);
    totals?.service.record(endedAt - startedAt);
    totals?.response.record(responseMs);
    this.#secondResponse.record(responseMs);
    this.#metrics.responseSeconds.observe({ operation }, responseMs / 1_000);
  }

  #operationSkipped(operation: string): void {
    this.#count(operation, 'skipped');
    this.#metrics.skipped.inc({ operation });
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
  }

  summary(at: number): EventOf<'load_summary'> {
    const operations: EventOf<'load_summary'>['operations'] = {};
    for (const [name, { ends, service, response }] of this.#totals) {
      operations[name] = { ...ends, serviceMs: service.percentiles(), responseMs: response.percentiles() };
    }
    return { type: 'load_summary', at, operations, attempts: { ...this.#outcomes } };
  }

  #count(operation: string, end: keyof EndCounts): Totals | undefined {
    const totals = this.#totals.get(operation);
    if (totals === undefined) return undefined;
    totals.ends[end] += 1;
    const second = this.#second.operations[operation] ?? zeroCounts();
    this.#second.operations[operation] = second;
    second[end] += 1;
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
    const { endedAt: at, startedAt, attemptId, operation, operationId, user, outcome, request, detail } = record;
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
  operations: Record<string, EndCounts>;
  bytesSent: number;
  bytesReceived: number;
} {
  return { attempts: {}, operations: {}, bytesSent: 0, bytesReceived: 0 };
}
