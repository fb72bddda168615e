/** Events of the orchestrator. */
import { z } from 'zod';
import { targetSchema } from '../fault.ts';
import { capacityResultSchema } from '../loadgen-api.ts';
import { event } from './event.ts';

export const phases = ['preflight', 'startup', 'ramp', 'steady', 'cooldown', 'read-back', 'close'] as const;
export const phaseSchema = z.enum(phases);
export type Phase = z.infer<typeof phaseSchema>;

export const orchestratorEvents = [
  event('run_started', {
    runId: z.string(),
    seed: z.number(),
    planHash: z.string(),
    config: z.record(z.string(), z.unknown()),
    environment: z.record(z.string(), z.unknown()),
  }),
  event('phase_entered', { phase: phaseSchema }),
  /** A change observed by the server watcher, which connects every 50 to 100 ms. */
  event('server_observed', {
    /** The replica; absent if the system has one container of it. */
    target: targetSchema.optional(),
    /** The health port accepts a new connection. */
    port: z.boolean(),
    /** The server reports that it is ready. */
    ready: z.boolean(),
  }),
  /** The server finished a full garbage collection; `bytes` are in use after it. */
  event('garbage_collected', { bytes: z.number() }),
  event('supervisor_acted', {
    target: targetSchema,
    action: z.enum(['start', 'restart']),
    reason: z.string(),
    result: z.enum(['done', 'refused', 'failed']),
    detail: z.string().optional(),
  }),
  event('gap', { fromAt: z.number(), toAt: z.number(), reason: z.string() }),
  event('source_lost', { source: z.string(), reason: z.string() }),
  /**
   * Which faults raise which Prometheus alert, as its rules declare: `latency`, or `latency on
   * postgres:5432` for one target. Recorded once.
   */
  event('alerts_queried', {
    fromAt: z.number(),
    toAt: z.number(),
    alerts: z.array(z.object({ name: z.string(), firesUnder: z.array(z.string()), mayFireUnder: z.array(z.string()) })),
  }),
  /** One firing period of an alert: the first and the last evaluation that found it firing. */
  event('alert_fired', {
    alert: z.string(),
    fromAt: z.number(),
    toAt: z.number(),
  }),
  /** Result of the capacity test, without faults and users. Not included in any rate of the run. */
  event('capacity_measured', { ...capacityResultSchema.shape }),
  event('capacity_not_measured', { reason: z.string() }),
  event('stop_requested', { reason: z.string() }),
  event('run_ended', {
    status: z.enum(['completed', 'interrupted', 'aborted']),
    reason: z.string().optional(),
  }),
] as const;
