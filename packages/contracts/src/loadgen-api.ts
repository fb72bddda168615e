/**
 * The load generator's API (port 8012, control network).
 *
 *   POST /run        loadRunRequest -> 202; users ramp up at once
 *   PUT  /run/:runId {}             -> 204 renew the lease (ttl 15 s) | 410 RUN_OVER; without it the load stops by itself
 *   POST /stop       {}             -> 200 once the users have ended their operation (or were cancelled after the grace)
 *   POST /read-back  {final, runId} -> 202; progress in /status; ends with a read_back_done event. `runId` names a run whose generator
 *                                      was killed: its ledger is read back by the next one
 *   POST /baseline   pressure       -> 200 pressureResult, at the end: what the server can do without faults and without users;
 *                                      it ends early, with what was counted, when the caller goes away
 *   GET  /status                    -> loadStatus
 *   GET  /events?boot=B&after=N     -> eventPage
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
  boot: z.string(),
  runId: z.string().nullable(),
  users: z.number(),
  attempts: z.number(),
  operations: z.number(),
  operationsOk: z.number(),
  acknowledged: z.number(),
  readBack: z.object({ done: z.number(), total: z.number() }).nullable(),
});
export type LoadStatus = z.infer<typeof loadStatusSchema>;

/** As many requests as that many connections can make, one after the other on each. Its figures never enter the success rate. */
export const pressureSchema = z.strictObject({
  seconds: z.number().min(1).max(300),
  connections: z.number().int().min(1).max(500).default(20),
});
export type Pressure = z.infer<typeof pressureSchema>;

export const pressureResultSchema = z.object({
  /** The program that pressed, with its version. */
  tool: z.string(),
  seconds: z.number(),
  connections: z.number(),
  requestsPerSecond: z.number(),
  /** 2xx. */
  answered: z.number(),
  /** Any other status: mostly refusals of an overloaded server. */
  refused: z.number(),
  /** Requests that got no answer: their connection ended, could not be made, or was silent for too long. */
  lost: z.number(),
  /** Of answered requests, from sending to the end of the answer. */
  latencyMs: z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }),
});
export type PressureResult = z.infer<typeof pressureResultSchema>;
