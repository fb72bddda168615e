/**
 * The system description: what is under test, and what faults may act on. The only place that
 * names containers, proxies and the fault kinds that they allow. The bundled lab's is system.yaml.
 */
import { z } from 'zod';
import { containerNameSchema, faultKindSchema, proxyNameSchema } from './fault.ts';

/** `{n}` stands for the number of the replica. */
const urlSchema = z
  .string()
  .regex(/^http:\/\/[^\s/?#]+(\/\S*)?$/)
  .describe('a URL such as http://server:8001/health/ready');
const addressSchema = z
  .string()
  .regex(/^[^\s:]+:[0-9]{1,5}$/)
  .describe('host:port, such as 0.0.0.0:8000');

/** Fault kinds that the owner of a target permits, and kinds that are impossible on it. */
const kinds = {
  allowedKinds: z.array(faultKindSchema).default([]),
  /** Kinds that this runtime cannot inject, each with the reason. Takes precedence. */
  unsupported: z.partialRecord(faultKindSchema, z.string().min(1).describe('the reason')).default({}),
};

const healthSchema = z.strictObject({
  /** Answers 200 when the container can serve its users. */
  ready: urlSchema,
  /** Answers even if a dependency hangs; without it, a hanging `ready` counts as no response. */
  live: urlSchema.optional(),
  /** The container's own status, in the form of `serverHealthSchema`. No default rule needs it. */
  detail: urlSchema.optional(),
});
export type SystemHealth = z.infer<typeof healthSchema>;

/** Signals that can end a process; the program inside may handle all but SIGKILL. */
const crashSignals = [
  'SIGKILL',
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGQUIT',
  'SIGSYS',
  'SIGTRAP',
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
] as const;

/**
 * How Encore checks a connection through a proxy. `banner`: the server sends the first bytes.
 * `none`: only what is visible when connecting can be checked.
 */
export const probes = ['http', 'postgres', 'redis', 'banner', 'none'] as const;
export type Probe = (typeof probes)[number];

const containerSchema = z.strictObject({
  ...kinds,
  /** How many containers Compose runs of it. With several, a fault acts on one of them. */
  replicas: z.number().int().min(1).max(20).default(1),
  health: healthSchema.optional(),
  /** What bounds its memory besides its limit; the report shows it beside the memory slope. */
  memoryBound: z.string().min(1).describe('a phrase such as "shared buffers of 48 MB"').optional(),
  /**
   * The signal that chaos sends directly to the container's main process, bypassing the engine,
   * which then sees a crash. Needs the process namespace of the engine's host. Without it, a crash
   * is a SIGQUIT through the engine.
   */
  crash: z.strictObject({ signal: z.enum(crashSignals) }).optional(),
  /**
   * Whether the supervisor starts or restarts the container if nothing else does; by default it
   * does. Without it, the container is judged under the restart policy that it has.
   */
  supervise: z.boolean().optional(),
  /** Toxiproxy's API, if the container runs Toxiproxy. */
  proxyApi: urlSchema.optional(),
});
export type SystemContainer = z.infer<typeof containerSchema>;

const proxySchema = z.strictObject({
  ...kinds,
  /** The container that runs Toxiproxy. */
  runsIn: containerNameSchema,
  /** As Toxiproxy sees both addresses. */
  listen: addressSchema,
  upstream: addressSchema,
  /** The protocol with which Encore checks that a connection through the proxy works. */
  probe: z.enum(probes),
});
export type SystemProxy = z.infer<typeof proxySchema>;

export const systemSchema = z.strictObject({
  /** Every container that carries the label `encore.target`, by the value of that label. */
  containers: z.record(containerNameSchema, containerSchema),
  proxies: z.record(proxyNameSchema, proxySchema),
  /** The proxy that users connect to. */
  entry: proxyNameSchema,
  /** The container whose recovery is judged; needs `health`. */
  recoveryOf: containerNameSchema,
});
export type System = z.infer<typeof systemSchema>;

/** What plan and verdict need from the description: the names, without addresses. */
export const plannedSystemSchema = z.strictObject({
  containers: z.record(
    containerNameSchema,
    containerSchema.pick({ allowedKinds: true, replicas: true, memoryBound: true, supervise: true }),
  ),
  proxies: z.record(proxyNameSchema, proxySchema.pick({ allowedKinds: true, runsIn: true })),
  entry: proxyNameSchema,
  recoveryOf: containerNameSchema,
});
export type PlannedSystem = z.infer<typeof plannedSystemSchema>;
