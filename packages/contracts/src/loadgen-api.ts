/**
 * The load generator's API (port 8012, `lab` network).
 *
 *   POST /run        loadRunRequest -> 202; users ramp up immediately
 *   PUT  /run/:runId {}             -> 204 renews the lease (15 s) | 410 RUN_OVER; the load stops
 *                                      when the lease expires
 *   POST /stop       {}             -> 200 once all users have finished or, after the grace period,
 *                                      have been cancelled
 *   POST /read-back  {final, runId} -> 202; progress in /status; ends with a read_back_done event.
 *                                      `runId` allows reading back a run whose generator was killed
 *   POST /capacity-test  capacityTest -> 200 capacityResult at the end; it ends early, with the
 *                                      counts so far, if the caller disconnects
 *   GET  /faults                    -> loadFaults: what the workload can do for load faults
 *   PUT  /faults/:id  loadFaultRequest -> 201 loadFaultStatus; ends on its own after `seconds`
 *   GET  /faults/:id                -> loadFaultStatus | 404 UNKNOWN_FAULT
 *   POST /faults/:id/quick-call {}  -> 200 {end}; a call that succeeds, for a half-open breaker
 *   DELETE /faults/:id?action=A     -> 204 once it has ended and what it stored is removed, even
 *                                      if another process started it
 *   GET  /status                    -> loadStatus
 *   GET  /events?instance=ID&after=N    -> eventPage
 *   GET  /live /ready /metrics
 */
import { z } from 'zod';
import { loadConfigSchema } from './config.ts';

export const loadRunRequestSchema = z.strictObject({
  runId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  seed: z.number().int(),
  users: z.number().int().min(1),
  rampSeconds: z.number().min(0),
  load: loadConfigSchema,
});
export type LoadRunRequest = z.infer<typeof loadRunRequestSchema>;

const runIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const readBackRequestSchema = z.strictObject({ final: z.boolean(), runId: runIdSchema.optional() });

export const loadStatusSchema = z.object({
  state: z.enum(['idle', 'ramping', 'running', 'stopping', 'stopped', 'reading_back']),
  instanceId: z.string(),
  runId: z.string().nullable(),
  users: z.number(),
  attempts: z.number(),
  operations: z.number(),
  acknowledged: z.number(),
  readBack: z.object({ done: z.number(), total: z.number() }).nullable(),
  /** Why the last read-back ended without a result. */
  readBackFailure: z.string().nullable(),
});
export type LoadStatus = z.infer<typeof loadStatusSchema>;

/** Load faults: a spike repeats one cheap request, a stall makes calls that are too slow. */
export const loadFaultRequestSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('spike'),
    requestsPerSecond: z.number().int().min(1),
    seconds: z.number().positive(),
  }),
  z.strictObject({ action: z.literal('stall'), seconds: z.number().positive() }),
]);
export type LoadFaultRequest = z.infer<typeof loadFaultRequestSchema>;
export const loadFaultActionSchema = z.enum(['spike', 'stall']);
/** Unique; objects that the fault stores begin with it. */
export const loadFaultIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,60}$/);

export const loadFaultStatusSchema = z.object({
  isOver: z.boolean(),
  /** Responses to a spike so far. */
  answers: z.number(),
  /** How each call of a stall ended: the service's error code, or `ok`. */
  ends: z.array(z.string()),
});
export type LoadFaultStatus = z.infer<typeof loadFaultStatusSchema>;

/** What the workload names for load faults. */
export const loadFaultsSchema = z.object({
  /** The circuit breaker that a stall opens. */
  stall: z.object({ breaker: z.string() }).nullable(),
});
export type LoadFaults = z.infer<typeof loadFaultsSchema>;
export const quickCallSchema = z.object({ end: z.string() });

/** Each connection sends requests one after the other. The success rate does not include them. */
export const capacityTestSchema = z.strictObject({
  seconds: z.number().min(1).max(300),
  connections: z.number().int().min(1).max(500).default(20),
});
export type CapacityTestRequest = z.infer<typeof capacityTestSchema>;

export const capacityResultSchema = z.object({
  /** The measuring program, with its version. */
  tool: z.string(),
  seconds: z.number(),
  connections: z.number(),
  requestsPerSecond: z.number(),
  /** Responses with status 2xx. */
  answered: z.number(),
  /** Responses with any other status, mostly from an overloaded server. */
  refused: z.number(),
  /** Requests without a response: the connection failed, ended or timed out. */
  lost: z.number(),
  /** Latency of answered requests, from sending to the end of the response. */
  latencyMs: z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }),
});
export type CapacityResult = z.infer<typeof capacityResultSchema>;
