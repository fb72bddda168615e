/** Events of the load generator. */
import { z } from 'zod';
import { operationNameSchema, outcomeSchema } from '../outcome.ts';
import { event } from './event.ts';

/** How many operations of a kind ended in each way. */
export const operationCounts = {
  ok: z.number(),
  failed: z.number(),
  unknown: z.number(),
  cancelled: z.number(),
  /** Planned but not performed: too late, or not possible. Counts when it is given up. */
  skipped: z.number(),
};
/** HDR histogram figures of the whole run: a count, and percentiles in milliseconds. */
export const percentilesSchema = z.object({
  count: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

export const loadgenEvents = [
  event('attempt_failed', {
    startedAt: z.number(),
    attemptId: z.string(),
    operation: operationNameSchema,
    operationId: z.string(),
    user: z.number(),
    outcome: outcomeSchema,
    request: z.string(),
    detail: z.string(),
  }),
  /** The first correct response to a request that started after a failed attempt ended. */
  event('answered_again', {
    startedAt: z.number(),
    operation: operationNameSchema,
  }),
  /** Counts of one second. Operations and attempts count in the second in which they end. */
  event('load_second', {
    users: z.number(),
    attempts: z.partialRecord(outcomeSchema, z.number()),
    operations: z.record(operationNameSchema, z.object(operationCounts)),
    /** Response time from the intended start, of this second's correct responses; null if none. */
    responseMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
    bytesSent: z.number(),
    bytesReceived: z.number(),
  }),
  /** The probes that were due in one second, by intended start. */
  event('probe_second', {
    probes: z.array(z.object({ dueAt: z.number(), endedAt: z.number(), outcome: outcomeSchema })),
  }),
  event('generator_checked', {
    lateStarts: z.number(),
    starts: z.number(),
    eventLoopDelayP99Ms: z.number(),
    /** Of the workload's thread, in which the users run. Absent until it has reported one. */
    workloadDelayP99Ms: z.number().optional(),
    cpuShare: z.number(),
    memoryBytes: z.number(),
  }),
  /** The load starts. Without `readBack` and `list`, the run shows nothing about integrity. */
  event('workload_loaded', {
    name: z.string(),
    operations: z.array(operationNameSchema),
    /** The workload can read an object back, and list all of them. */
    readBack: z.boolean(),
    list: z.boolean(),
    /** File, line and column of `readBack` in the workload, if known. */
    readBackAt: z.string().nullable(),
  }),
  /** The read-back can find what was written: it returned the digest of a write, once per run. */
  event('read_back_matched', { id: z.string() }),
  /**
   * The workload failed: it threw, hung, used too much memory or returned a wrong value. What it
   * covers is not evidence about the system.
   */
  event('workload_failed', {
    /** The time that is not evidence. */
    fromAt: z.number(),
    toAt: z.number(),
    /** What failed, such as `operation create` or `readBack`. */
    where: z.string(),
    problem: z.string(),
    /** File, line and column in the workload, if known. */
    location: z.string().nullable(),
    /** Further failures of the same kind since the last such event. */
    repeated: z.number(),
  }),
  /** Result of a read-back. `final`: after cooldown and a forced restart; others are samples. */
  event('read_back_done', {
    final: z.boolean(),
    acknowledged: z.number(),
    readBack: z.number(),
    lost: z.number(),
    corrupt: z.number(),
    duplicate: z.number(),
    phantom: z.number(),
    unknownPresent: z.number(),
    unknownAbsent: z.number(),
  }),
  event('load_summary', {
    operations: z.record(
      operationNameSchema,
      z.object({
        ...operationCounts,
        serviceMs: percentilesSchema,
        responseMs: percentilesSchema,
      }),
    ),
    attempts: z.partialRecord(outcomeSchema, z.number()),
  }),
] as const;
