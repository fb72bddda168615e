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
  operationsOk: z.number(),
  acknowledged: z.number(),
  readBack: z.object({ done: z.number(), total: z.number() }).nullable(),
});
export type LoadStatus = z.infer<typeof loadStatusSchema>;

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
