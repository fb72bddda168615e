/**
 * What crosses between the main thread and the workload's worker. Users live in the worker and send
 * their requests there; only writes to the ledger and reports cross, in batches.
 *
 *   main thread (probe, ledger, figures)                 worker (workload, users)
 *        ── start, stop, cancel ──▶
 *        ◀── write ──  ── written ──▶                    one ledger entry, and that it is on disk
 *        ◀── report ──                                   attempts and operations of up to 50 ms
 *        ── flush ──▶  ◀── flushed ──                    all earlier reports have arrived
 *        ── call ──▶  ◀── items, result ──               probe, readBack, list, remove, ...
 *        ◀── failed, heap ──                             a workload error
 *        ◀── loop_delay ──                               event-loop delay of the last 5 s
 */

import type { LedgerEntry } from '@encore/contracts';
import type { ErrorCode } from '@encore/contracts/errors';
import type { DataRequest, ErrorFormat, StoredObject, Workload } from '@encore/workload';

/** What a worker receives when it starts. */
export interface WorkerOptions {
  /** URL of the workload's file. */
  workload: string;
  /** Origin of the system under test, such as `http://toxiproxy:8000`. */
  targetUrl: string;
  backoffMs: readonly [number, number];
}

/** What the main thread knows of a workload. */
export interface WorkloadDescription {
  name: string;
  /** Operations with their default weights, in order. */
  operations: Record<string, number>;
  parameters: Record<string, number | string | boolean>;
  errors: ErrorFormat | undefined;
  capacityTest: NonNullable<Workload['capacityTest']>;
  /** The request of a spike, and the breaker that a stall opens; null if it defines no calls. */
  faults: { spike: DataRequest; stall: { breaker: string } | null };
  /** File, line and column of `readBack`; null if unknown. */
  readBackAt: string | null;
  has: Record<'readBack' | 'list' | 'remove' | 'setup' | 'teardown', boolean>;
}

/** The settings of a run, with the workload's defaults filled in. */
export interface RunSettings {
  runId: string;
  seed: number;
  users: number;
  mix: Record<string, number>;
  thinkSeconds: { min: number; max: number };
  parameters: Record<string, number | string | boolean>;
}

export interface StartedUser {
  number: number;
  /** Start of its plan, in epoch milliseconds. */
  startsAt: number;
}

type WithoutTime<Entry> = Entry extends { at: number } ? Omit<Entry, 'at'> : never;
/** An entry of the ledger without its time, which the ledger adds. */
export type UserEntry = WithoutTime<LedgerEntry>;

export type CallName = 'probe' | 'slowCall' | 'quickCall' | 'readBack' | 'list' | 'remove' | 'setup' | 'teardown';

export interface Call {
  name: CallName;
  run: Pick<RunSettings, 'runId' | 'parameters'>;
  /** The id for readBack and remove, the prefix for list, the number for probe and slowCall. */
  argument: string | number;
  timeoutMs: number;
}

export type ToWorker =
  | { type: 'start'; run: RunSettings; users: StartedUser[] }
  /** No new operations. */
  | { type: 'stop' }
  /** Abort what is in flight. */
  | { type: 'cancel' }
  | { type: 'written'; entry: number; error: string | null }
  | { type: 'flush'; flush: number }
  | { type: 'call'; call: number; what: Call }
  /** Asks for the next items of a list. */
  | { type: 'more'; call: number }
  | { type: 'abort'; call: number };

export type FromWorker =
  | { type: 'loaded'; description: WorkloadDescription }
  | { type: 'refused'; message: string }
  | { type: 'write'; entry: number; user: UserEntry; bytes: number }
  | { type: 'report'; report: Report }
  /** `cpuMs`: CPU time of the thread so far. */
  | { type: 'flushed'; flush: number; cpuMs: number }
  | { type: 'items'; call: number; items: unknown[] }
  | { type: 'result'; call: number; value: unknown; error: CallError | null }
  | { type: 'failed'; failure: WorkloadFailure }
  /** The place that holds most of the memory, which is running out. */
  | { type: 'heap'; location: string }
  /** 99th percentile of the thread's event-loop delay since the last such message. */
  | { type: 'loop_delay'; p99Ms: number }
  /** All users have ended. */
  | { type: 'ended' };

/** What `readBack` found: null for nothing; `problem` if a check of its response failed. */
export type FoundObject = StoredObject | { problem: string } | null;

/** With the code WORKLOAD_FAILED the workload's code failed, not the system. */
export interface CallError {
  code: ErrorCode;
  message: string;
}

export interface WorkloadFailure {
  fromAt: number;
  toAt: number;
  where: string;
  problem: string;
  location: string | null;
}

/**
 * Flat lists of numbers, because they cross between threads several times faster than objects.
 * Operations and outcomes are indexes: into the description's operations, and `outcomes`.
 */
export interface Report {
  /** attemptFields numbers for each attempt. */
  attempts: number[];
  /** One for each attempt that is not ok, in order. */
  failures: { attemptId: string; operationId: string; request: string; detail: string }[];
  /** operationFields numbers for each operation that ended. */
  operations: number[];
  /** Indexes of skipped operations. */
  skipped: number[];
  starts: number;
  lateStarts: number;
  /** Users that are active. */
  users: number;
}
export const attemptFields = 7;
export const operationFields = 5;
export const operationEnds = ['ok', 'failed', 'unknown', 'cancelled'] as const;
/** How an operation ended. `unknown`: a write without a response; `cancelled`: the run ended. */
export type OperationEnd = (typeof operationEnds)[number];
