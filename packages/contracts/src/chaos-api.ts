/**
 * The API of the chaos service (port 8011). Only this service has the engine socket and controls
 * Toxiproxy, so every request except the last three needs the bearer token in ENCORE_TOKEN_FILE
 * (401 UNAUTHORIZED). The scheduler stores nothing on disk: after a restart, the orchestrator posts
 * the same schedule again, and faults whose time has passed are recorded as skipped.
 *
 *   POST   /run                      runLeaseRequest   -> 201 | 409 RUN_HELD (names the run)
 *                                                         or FAULT_ACTIVE (of a previous run)
 *   PUT    /run/:runId               {}                -> 204 renewed | 410 RUN_OVER
 *   DELETE /run/:runId                                 -> 204 once everything is reverted
 *   POST   /schedule                 scheduleRequest   -> 202 | 409 RUN_HELD | 410 RUN_OVER
 *   GET    /schedule                                   -> scheduleStatus
 *   DELETE /schedule                                   -> 204 once all its faults are reverted
 *   GET    /faults                                     -> openFault[]
 *   GET    /targets                                    -> targetState[]
 *   POST   /targets/:target/start    startRequest      -> 200 | 409 START_FORBIDDEN or NOT_STOPPED
 *   POST   /targets/:target/restart  startRequest      -> 200 | 409 START_FORBIDDEN
 *                                                         (for an unhealthy or paused target)
 *   POST   /revert                   {}                -> 200 revertAnswer
 *   GET    /engine                                     -> engineInfo
 *   GET    /logs                                       -> string[] (the services of this project)
 *   GET    /logs/:service?since=MS                     -> string, its last 5 MB
 *   POST   /hygiene                  {}                -> 200; emits hygiene_checked
 *   GET    /events?instance=ID&after=N                      -> eventPage
 *   GET    /live /ready /metrics
 */
import { z } from 'zod';
import { plannedFaultSchema, proxyNameSchema, targetSchema } from './fault.ts';
import { planSchema } from './plan.ts';
import { plannedSystemSchema } from './system.ts';

export const runLeaseRequestSchema = z.strictObject({
  runId: z.string(),
  ttlMs: z.number().int().min(1_000).max(60_000),
});
export type RunLeaseRequest = z.infer<typeof runLeaseRequestSchema>;

export const scheduleRequestSchema = z.strictObject({
  runId: z.string(),
  plan: planSchema,
  steadyStartsAt: z.number(),
});
export type ScheduleRequest = z.infer<typeof scheduleRequestSchema>;

export const scheduleStatusSchema = z.object({
  state: z.enum(['idle', 'running', 'stopping', 'done']),
  instanceId: z.string(),
  runId: z.string().nullable(),
  current: z.array(plannedFaultSchema),
  next: plannedFaultSchema.nullable(),
  done: z.number(),
  total: z.number(),
});
export type ScheduleStatus = z.infer<typeof scheduleStatusSchema>;

export const openFaultSchema = z.object({ fault: plannedFaultSchema, injectedAt: z.number() });
export type OpenFault = z.infer<typeof openFaultSchema>;

export const startRequestSchema = z.strictObject({
  runId: z.string(),
  actor: z.literal('supervisor'),
  reason: z.string(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

export const targetStateSchema = z.object({
  target: targetSchema,
  /** As the engine reports it: created, running, paused, restarting, exited, dead. */
  status: z.string(),
  exitCode: z.number(),
  /** Process id of the main process, as seen by the host; 0 if not running. */
  pid: z.number(),
});
export type TargetState = z.infer<typeof targetStateSchema>;

/** The container settings that matter for a restart after a crash, as the engine has them now. */
export const restartSetupSchema = z.object({
  /** The restart policy: always, on-failure, on-failure:3 (retries), unless-stopped or no. */
  policy: z.string(),
  init: z.boolean(),
  /** Empty if neither the container nor its image sets one. */
  stopSignal: z.string(),
});
export type RestartSetup = z.infer<typeof restartSetupSchema>;

export const engineInfoSchema = z.object({
  /** As the chaos service read it; the plan must be for the same. */
  system: plannedSystemSchema,
  engine: z.string(),
  version: z.string(),
  kernel: z.string(),
  cgroupVersion: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
  /** How far the engine's clock is ahead of ours; null if the engine does not report its time. */
  clockAheadMs: z.number().nullable(),
  /** Version of the Compose that created the containers; null if no label has it. */
  composeVersion: z.string().nullable(),
  images: z.record(z.string(), z.string()),
  /** Container names by the checkout folder that created them. Empty without Compose. */
  checkouts: z.record(z.string(), z.array(z.string())),
  /** Running containers by service, except those of `docker compose run`. */
  running: z.record(z.string(), z.array(z.string())),
  /** Containers whose image tag now points to a newer image. */
  outdated: z.array(z.string()),
  /** Published host ports by service. */
  publishedPorts: z.record(z.string(), z.array(z.number())),
  toxiproxy: z.string(),
  /** By proxy: what came instead of an answer in the protocol of its probe. */
  proxyMisfits: z.record(proxyNameSchema, z.string()).default({}),
  /** Whether the containers’ connections are visible, which show the clients of each proxy. */
  seesConnections: z.boolean().default(false),
  /** By name, for each container that allows a crash. */
  restartSetups: z.record(z.string(), restartSetupSchema),
  /** By service, the restart policies of its running containers. */
  restartPolicies: z.record(z.string(), z.array(z.string())),
  /** Targets that nothing restarts after a crash: their restart policy is no. */
  withoutRestartPolicy: z.array(targetSchema).default([]),
  /** By target, how often the engine checks its health, in seconds. */
  healthChecks: z.record(z.string(), z.number()).default({}),
  /** Fault kinds that this engine does not support, with the reason. */
  unsupported: z.record(z.string(), z.string()),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;

export const revertAnswerSchema = z.object({ reverted: z.array(z.string()), failed: z.array(z.string()) });
export type RevertAnswer = z.infer<typeof revertAnswerSchema>;
