/** Fault kinds, names of targets, and parameters. services/chaos implements the kinds. */
import { z } from 'zod';

export const faultKinds = [
  'crash',
  'outage',
  'restart',
  'freeze',
  'hang',
  'memory-cap',
  'memory-pressure',
  'tool-stall',
  'cpu-throttle',
  'disk-full',
  'latency',
  'jitter',
  'bandwidth',
  'slow-close',
  'slicer',
  'limit-data',
  'timeout',
  'reset-peer',
  'connection-refused',
  'partition',
  'database-down',
  'database-freeze',
  'database-latency',
  'traffic-spike',
] as const;
export const faultKindSchema = z.enum(faultKinds);
export type FaultKind = z.infer<typeof faultKindSchema>;

const name = '[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}';
/** Name of a container of the system description, such as `server`. */
export const containerNameSchema = z
  .string()
  .regex(new RegExp(`^${name}$`))
  .describe('the name of a container, such as server');
/** Name of a proxy: the container and the port that it leads to, such as `server:8000`. */
export const proxyNameSchema = z
  .string()
  .regex(new RegExp(`^${name}:[0-9]{1,5}$`))
  .describe('the name of a proxy, such as server:8000');
/** What a fault acts on. The system description names the targets that exist. */
export const targetSchema = z
  .string()
  .regex(new RegExp(`^${name}(:[0-9]{1,5}|#[1-9][0-9]?)?$`))
  .describe('the name of a container, of one of its replicas or of a proxy, such as api, api#1 or api:8000');
export type Target = z.infer<typeof targetSchema>;

/** Settings of a fault. packages/plan lists which ones each kind takes, and refuses the others. */
export const faultParamsSchema = z.strictObject({
  latencyMs: z.number().int().min(1).max(60_000).optional(),
  jitterMs: z.number().int().min(0).max(1_000).optional(),
  kilobytesPerSecond: z.number().int().min(1).optional(),
  delayMs: z.number().int().min(0).max(60_000).optional(),
  bytes: z.number().int().min(1).optional(),
  timeoutMs: z.number().int().min(0).max(60_000).optional(),
  sliceBytes: z.number().int().min(1).optional(),
  sliceDelayMicroseconds: z.number().int().min(0).optional(),
  direction: z.enum(['upstream', 'downstream']).optional(),
  marginBytes: z.number().int().min(1_048_576).optional(),
  cpus: z.number().min(0.05).max(64).optional(),
  requestsPerSecond: z.number().int().min(1).optional(),
});
export type FaultParams = z.infer<typeof faultParamsSchema>;

/** A fault of a plan. Seconds count from the start of the steady phase. */
export const plannedFaultSchema = z.strictObject({
  id: z.string().regex(/^f[0-9]{4,}$/),
  kind: faultKindSchema,
  target: targetSchema,
  atSeconds: z.number().min(0),
  /** How long the fault is active; 0 for an instant fault such as a crash. */
  durationSeconds: z.number().min(0),
  params: faultParamsSchema,
  /** Every step runs except the injection itself (the control run with no-op faults). */
  noop: z.boolean().optional(),
  /** Nothing may start the target while the fault is active (the server-down control run). */
  forbidsStart: z.boolean().optional(),
});
export type PlannedFault = z.infer<typeof plannedFaultSchema>;

/** What an independent observation showed of the effect. */
export const effectSchema = z.enum(['confirmed', 'absent', 'refused', 'unsupported']);
export type Effect = z.infer<typeof effectSchema>;

/** What ended a fault's effect. `external`: not Encore or the system. `none`: it did not end. */
export const recoveredBySchema = z.enum(['restart-policy', 'supervisor', 'revert', 'self', 'external', 'none']);
export type RecoveredBy = z.infer<typeof recoveredBySchema>;
