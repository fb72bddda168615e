/**
 * The scheduler's API (port 8011, control network). It keeps nothing on disk: after a restart the orchestrator posts
 * the same run again and faults whose time has passed are skipped and said so.
 *
 *   POST /plan   runConfig      -> 200 plan            (pure)
 *   POST /run    runRequest     -> 202
 *   POST /stop   {}             -> 200 once every open fault is undone
 *   GET  /status                -> chaosStatus
 *   GET  /events?boot=B&after=N -> eventPage
 *   GET  /live /ready /metrics
 */
import { z } from 'zod';
import { plannedFaultSchema } from './fault.ts';
import { planSchema } from './plan.ts';

export const chaosRunRequestSchema = z.strictObject({
  runId: z.string(),
  plan: planSchema,
  steadyStartsAt: z.number(),
});
export type ChaosRunRequest = z.infer<typeof chaosRunRequestSchema>;

export const chaosStatusSchema = z.object({
  state: z.enum(['idle', 'running', 'stopping', 'done']),
  boot: z.string(),
  runId: z.string().nullable(),
  current: z.array(plannedFaultSchema),
  next: plannedFaultSchema.nullable(),
  done: z.number(),
  total: z.number(),
});
export type ChaosStatus = z.infer<typeof chaosStatusSchema>;
