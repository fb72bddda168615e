/** Collects what users did and reports it in batches. */
import { outcomes } from '@encore/contracts/outcome';
import { type OperationEnd, operationEnds, type Report } from './messages.ts';
import type { AttemptRecord } from './step.ts';

export interface OperationRecord {
  operation: string;
  end: OperationEnd;
  /** The intended start. */
  dueAt: number;
  startedAt: number;
  endedAt: number;
}

/** A start delayed by more than this is late. It is the default probe interval. */
export const lateStartMs = 100;
const everyMs = 50;
/** Characters of a failure's detail that are kept. */
const maxDetail = 300;
const outcomeIndexes = new Map(outcomes.map((outcome, index) => [outcome, index]));

export class Reporter {
  readonly #send: (report: Report) => void;
  readonly #afterOperation: () => void;
  readonly #operations: Map<string, number>;
  #report: Report = emptyReport(0);
  #timer: NodeJS.Timeout | null = null;

  /** `afterOperation` is called when an operation of any user has ended. */
  constructor(operations: readonly string[], send: (report: Report) => void, afterOperation = () => {}) {
    this.#afterOperation = afterOperation;
    this.#operations = new Map(operations.map((name, index) => [name, index]));
    this.#send = send;
  }

  attemptEnded(record: AttemptRecord): void {
    const { operation, outcome, user, startedAt, endedAt, bytesSent, bytesReceived } = record;
    const outcomeIndex = outcomeIndexes.get(outcome) ?? -1;
    this.#report.attempts.push(
      this.#indexOf(operation),
      outcomeIndex,
      user,
      startedAt,
      endedAt,
      bytesSent,
      bytesReceived,
    );
    if (outcome !== 'ok') {
      const { attemptId, operationId, request, detail } = record;
      // A workload in JavaScript may call `check` without a detail.
      this.#report.failures.push({ attemptId, operationId, request, detail: String(detail).slice(0, maxDetail) });
    }
    this.#schedule();
  }

  operationEnded({ operation, end, dueAt, startedAt, endedAt }: OperationRecord): void {
    const endIndex = operationEnds.indexOf(end);
    this.#report.operations.push(this.#indexOf(operation), endIndex, dueAt, startedAt, endedAt);
    this.#schedule();
    this.#afterOperation();
  }

  operationSkipped(operation: string): void {
    this.#report.skipped.push(this.#indexOf(operation));
    this.#schedule();
  }

  /** `lateMs`: the delay of a start that the generator itself caused. */
  started(lateMs: number): void {
    this.#report.starts += 1;
    if (lateMs > lateStartMs) this.#report.lateStarts += 1;
    this.#schedule();
  }

  usersChanged(difference: number): void {
    this.#report.users += difference;
    this.#schedule();
  }

  flush(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const report = this.#report;
    this.#report = emptyReport(report.users);
    this.#send(report);
  }

  #indexOf(operation: string): number {
    return this.#operations.get(operation) ?? -1;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.flush(), everyMs);
  }
}

function emptyReport(users: number): Report {
  return { attempts: [], failures: [], operations: [], skipped: [], starts: 0, lateStarts: 0, users };
}
