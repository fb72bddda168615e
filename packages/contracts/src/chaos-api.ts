/**
 * The API of the chaos service (port 8011). It alone has the engine socket and commands Toxiproxy, so
 * every request but the last three needs the bearer token from ENCORE_TOKEN_FILE (401 UNAUTHORIZED).
 * Its scheduler keeps nothing on disk: after a restart the orchestrator posts the same schedule
 * again, and faults whose time has passed are skipped and recorded as such.
 *
 *   POST   /run                      runLeaseRequest   -> 201 | 409 RUN_HELD (names the holder)
 *   PUT    /run/:runId               {}                -> 204 renewed | 410 RUN_OVER
 *   DELETE /run/:runId                                 -> 204, everything reverted
 *   POST   /schedule                 scheduleRequest   -> 202 | 409 RUN_HELD | 410 RUN_OVER
 *   GET    /schedule                                   -> scheduleStatus
 *   DELETE /schedule                                   -> 204 once each of its faults is reverted
 *   GET    /faults                                     -> openFault[]
 *   GET    /targets                                    -> targetState[]
 *   POST   /targets/:target/start    startRequest      -> 200 | 409 START_FORBIDDEN | 409 NOT_STOPPED
 *   POST   /targets/:target/restart  startRequest      -> 200 | 409 START_FORBIDDEN   (an unhealthy or paused target)
 *   POST   /heal                     {}                -> 200 healAnswer
 *   GET    /engine                                     -> engineInfo
 *   GET    /logs                                       -> string[] (the services of this project)
 *   GET    /logs/:service?since=MS                     -> string, its last 5 MB
 *   POST   /hygiene                  {}                -> 200; emits hygiene_checked
 *   GET    /events?boot=B&after=N                      -> eventPage
 *   GET    /live /ready /metrics
 */
import { z } from 'zod';
import { plannedFaultSchema, targetSchema } from './fault.ts';
import { planSchema } from './plan.ts';

export const runLeaseRequestSchema = z.strictObject({
  runId: z.string(),
  holder: z.string(),
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
  boot: z.string(),
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
  id: z.string(),
  /** The engine's word: created, running, paused, restarting, exited, dead. */
  status: z.string(),
  exitCode: z.number(),
  restartCount: z.number(),
  /** Of its first process, as the host sees it; 0 while none runs. */
  pid: z.number(),
  startedAt: z.number(),
  finishedAt: z.number(),
  memoryLimitBytes: z.number(),
  cpus: z.number(),
  accepts: z.array(z.string()),
  /** Fault kinds that a live lease holds on this target now, and whether one of them forbids a start. */
  held: z.array(z.string()),
  startForbidden: z.boolean(),
});
export type TargetState = z.infer<typeof targetStateSchema>;

/** What brings a container back after a crash, as the engine has it now. */
export const restartSetupSchema = z.object({
  /** always, on-failure, unless-stopped or no. */
  policy: z.string(),
  init: z.boolean(),
  /** Empty where neither the container nor its image names one. */
  stopSignal: z.string(),
});
export type RestartSetup = z.infer<typeof restartSetupSchema>;

export const engineInfoSchema = z.object({
  engine: z.string(),
  version: z.string(),
  kernel: z.string(),
  cgroupVersion: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
  /** How far the engine's clock is ahead of ours; null when it does not tell its time. */
  clockAheadMs: z.number().nullable(),
  /** The Compose that made the containers; null where none did. */
  composeVersion: z.string().nullable(),
  images: z.record(z.string(), z.string()),
  /** By the folder of the checkout whose Compose made them: the containers. Empty where no Compose did. */
  checkouts: z.record(z.string(), z.array(z.string())),
  /** By service, the containers that run, without those of `docker compose run`. Empty where no Compose made them. */
  running: z.record(z.string(), z.array(z.string())),
  /** Containers made of an image whose name means another one by now. */
  outdated: z.array(z.string()),
  /** By service, the ports of the host that lead to it. */
  publishedPorts: z.record(z.string(), z.array(z.number())),
  toxiproxy: z.string(),
  /** Of each container that accepts a crash, by its name. */
  restartSetups: z.record(z.string(), restartSetupSchema),
  /** Kinds that this engine cannot do, with the reason. */
  unsupported: z.record(z.string(), z.string()),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;

export const healAnswerSchema = z.object({ healed: z.array(z.string()), failed: z.array(z.string()) });
export type HealAnswer = z.infer<typeof healAnswerSchema>;
