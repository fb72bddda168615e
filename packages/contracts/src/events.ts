/**
 * All events of a run, as one tagged union. Each service keeps its events in order and serves them
 * in pages (`GET /events?instance=ID&after=N`); only the orchestrator writes history.ndjson.
 *
 * `at` is in epoch milliseconds (fractions allowed) of the host's clock; `engineAt` is the engine's
 * own timestamp in the same unit. Durations carry their unit in the name.
 */
import { z } from 'zod';
import {
  anyParamsSchema,
  effectSchema,
  faultKindSchema,
  plannedFaultSchema,
  proxyNameSchema,
  targetSchema,
} from './fault.ts';
import { capacityResultSchema } from './loadgen-api.ts';
import { operationNameSchema, outcomeSchema } from './outcome.ts';

const at = z.number();
const faultId = z.string();

export const phases = ['preflight', 'startup', 'ramp', 'steady', 'cooldown', 'read-back', 'close'] as const;
export const phaseSchema = z.enum(phases);
export type Phase = z.infer<typeof phaseSchema>;

/** What requested a start: restart policy, supervisor, revert of a fault, cleanup, or other. */
export const actorSchema = z.enum(['restart-policy', 'supervisor', 'revert', 'reconcile', 'external']);
export type Actor = z.infer<typeof actorSchema>;

// ---- orchestrator -----------------------------------------------------------------------------
const runStarted = z.object({
  type: z.literal('run_started'),
  at,
  runId: z.string(),
  seed: z.number(),
  planHash: z.string(),
  config: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.unknown()),
});
const phaseEntered = z.object({ type: z.literal('phase_entered'), at, phase: phaseSchema });
/** A change observed by the server watcher, which connects every 50 to 100 ms. */
const serverObserved = z.object({
  type: z.literal('server_observed'),
  at,
  /** The replica; absent if the system has one container of it. */
  target: targetSchema.optional(),
  /** The health port accepts a new connection. */
  port: z.boolean(),
  /** The server reports that it is ready. */
  ready: z.boolean(),
});
/** The server finished a full garbage collection; `bytes` are in use after it. */
const garbageCollected = z.object({ type: z.literal('garbage_collected'), at, bytes: z.number() });
const supervisorActed = z.object({
  type: z.literal('supervisor_acted'),
  at,
  target: targetSchema,
  action: z.enum(['start', 'restart']),
  reason: z.string(),
  result: z.enum(['done', 'refused', 'failed']),
  detail: z.string().optional(),
});
const gap = z.object({ type: z.literal('gap'), at, fromAt: z.number(), toAt: z.number(), reason: z.string() });
const sourceLost = z.object({ type: z.literal('source_lost'), at, source: z.string(), reason: z.string() });
/**
 * Which faults raise which Prometheus alert, as its rules declare: `latency`, or `latency on
 * postgres:5432` for one target. Recorded once.
 */
const alertsQueried = z.object({
  type: z.literal('alerts_queried'),
  at,
  fromAt: z.number(),
  toAt: z.number(),
  alerts: z.array(z.object({ name: z.string(), firesUnder: z.array(z.string()), mayFireUnder: z.array(z.string()) })),
});
/** One firing period of an alert: the first and the last evaluation that found it firing. */
const alertFired = z.object({
  type: z.literal('alert_fired'),
  at,
  alert: z.string(),
  fromAt: z.number(),
  toAt: z.number(),
});
/** Result of the capacity test, without faults and users. Not included in any rate of the run. */
const capacityMeasured = z.object({ type: z.literal('capacity_measured'), at, ...capacityResultSchema.shape });
const capacityNotMeasured = z.object({ type: z.literal('capacity_not_measured'), at, reason: z.string() });
const stopRequested = z.object({ type: z.literal('stop_requested'), at, reason: z.string() });
const runEnded = z.object({
  type: z.literal('run_ended'),
  at,
  status: z.enum(['completed', 'interrupted', 'aborted']),
  reason: z.string().optional(),
});

// ---- chaos ------------------------------------------------------------------------------------
const faultIntended = z.object({ type: z.literal('fault_intended'), at, faultId, fault: plannedFaultSchema });
const faultInjected = z.object({
  type: z.literal('fault_injected'),
  at,
  faultId,
  kind: faultKindSchema,
  target: targetSchema,
  params: anyParamsSchema,
  /** The engine's timestamp of the injection, if it reports one. */
  engineAt: z.number().optional(),
});
const faultEffectChecked = z.object({
  type: z.literal('fault_effect_checked'),
  at,
  faultId,
  effect: effectSchema,
  evidence: z.string(),
});
/** `external`: something other than Encore and the target ended it early. */
export const revertCauseSchema = z.enum(['released', 'lease_ended', 'reconciled', 'instant', 'external']);
export type RevertCause = z.infer<typeof revertCauseSchema>;
export const faultRevertedSchema = z.object({
  type: z.literal('fault_reverted'),
  at,
  faultId,
  /** The original state was read back. */
  verified: z.boolean(),
  /** With `external`, `at` is the best known time. */
  cause: revertCauseSchema,
  evidence: z.string(),
});
const engineEvent = z.object({
  type: z.literal('engine_event'),
  at,
  engineAt: z.number(),
  target: z.string(),
  action: z.string(),
  exitCode: z.number().optional(),
  signal: z.string().optional(),
  restartCount: z.number().optional(),
  /** Name of the network; only with `connect` and `disconnect`. */
  network: z.string().optional(),
  /** The container's restart policy from then on; only with `update`. */
  restartPolicy: z.string().optional(),
  /** The checkout folder whose Compose created the container; only with `create`. */
  checkout: z.string().optional(),
});
const targetStarted = z.object({
  type: z.literal('target_started'),
  at,
  engineAt: z.number().optional(),
  target: targetSchema,
  actor: actorSchema,
  reason: z.string(),
  /** When Encore requested the start; absent for any other start. */
  requestedAt: z.number().optional(),
});
/** Something other than Encore changed a proxy through Toxiproxy's API. */
const proxyChanged = z.object({ type: z.literal('proxy_changed'), at, target: targetSchema, change: z.string() });
/** A container connected to a proxied port; once for each client of a proxy, and each way. */
const proxyUsed = z.object({
  type: z.literal('proxy_used'),
  at,
  proxy: proxyNameSchema,
  client: z.string(),
  /** It connected to the target itself, past the proxy. */
  direct: z.boolean(),
});
const injectorFailed = z.object({
  type: z.literal('injector_failed'),
  at,
  faultId: faultId.optional(),
  reason: z.string(),
  fromAt: z.number(),
  toAt: z.number(),
  /** When the injector requested a restart of Toxiproxy because of the failure. */
  restartRequestedAt: z.number().optional(),
});
/** The engine did not respond: the containers were not observed from `fromAt` to `toAt`. */
const engineLost = z.object({
  type: z.literal('engine_lost'),
  at,
  fromAt: z.number(),
  toAt: z.number(),
  /** It continued after `toAt`, until the next event of this type or the end of the record. */
  ongoing: z.boolean(),
  reason: z.string(),
});
const targetSampled = z.object({
  type: z.literal('target_sampled'),
  at,
  target: z.string(),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number(),
  cpuSeconds: z.number(),
});
const hygieneChecked = z.object({
  type: z.literal('hygiene_checked'),
  at,
  leakedToxics: z.number(),
  leakedPauses: z.number(),
  limitsNotRestored: z.number(),
  externalContainersTouched: z.number(),
  detail: z.array(z.string()),
});

const faultDue = z.object({ type: z.literal('fault_due'), at, faultId, plannedAt: z.number() });
const faultSkipped = z.object({
  type: z.literal('fault_skipped'),
  at,
  faultId,
  kind: faultKindSchema,
  target: targetSchema,
  reason: z.string(),
  unsupported: z.boolean(),
});

// ---- loadgen ----------------------------------------------------------------------------------
const attemptFailed = z.object({
  type: z.literal('attempt_failed'),
  at,
  startedAt: z.number(),
  attemptId: z.string(),
  operation: operationNameSchema,
  operationId: z.string(),
  user: z.number(),
  outcome: outcomeSchema,
  request: z.string(),
  detail: z.string(),
});
/** The first correct response to a request that started after a failed attempt ended. */
const answeredAgain = z.object({
  type: z.literal('answered_again'),
  at,
  startedAt: z.number(),
  operation: operationNameSchema,
});
/** Counts of one second. Operations and attempts count in the second in which they end. */
const loadSecond = z.object({
  type: z.literal('load_second'),
  at,
  users: z.number(),
  attempts: z.partialRecord(outcomeSchema, z.number()),
  operations: z.record(
    operationNameSchema,
    z.object({
      ok: z.number(),
      failed: z.number(),
      unknown: z.number(),
      cancelled: z.number(),
      /** Planned but not performed: too late, or not possible. Counts when it is given up. */
      skipped: z.number(),
    }),
  ),
  /** Response time, from the intended start, of correct responses in this second; null if none. */
  responseMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  bytesSent: z.number(),
  bytesReceived: z.number(),
});
/** The probes that were due in one second, by intended start. */
const probeSecond = z.object({
  type: z.literal('probe_second'),
  at,
  probes: z.array(z.object({ dueAt: z.number(), endedAt: z.number(), outcome: outcomeSchema })),
});
const generatorChecked = z.object({
  type: z.literal('generator_checked'),
  at,
  lateStarts: z.number(),
  starts: z.number(),
  eventLoopDelayP99Ms: z.number(),
  /** Of the workload's thread, in which the users run. Absent until it has reported one. */
  workloadDelayP99Ms: z.number().optional(),
  cpuShare: z.number(),
  memoryBytes: z.number(),
});
/** The load starts. Without `readBack` and `list`, the run cannot say anything about integrity. */
const workloadLoaded = z.object({
  type: z.literal('workload_loaded'),
  at,
  name: z.string(),
  operations: z.array(operationNameSchema),
  /** The workload can read an object back, and list all of them. */
  readBack: z.boolean(),
  list: z.boolean(),
});
/**
 * The workload failed: it threw, hung, used too much memory or returned a wrong value. What it
 * covers is not evidence about the system.
 */
const workloadFailed = z.object({
  type: z.literal('workload_failed'),
  at,
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
});
/** Result of a read-back. `final`: after cooldown and a forced restart; others are samples. */
const readBackDone = z.object({
  type: z.literal('read_back_done'),
  at,
  final: z.boolean(),
  acknowledged: z.number(),
  readBack: z.number(),
  lost: z.number(),
  corrupt: z.number(),
  duplicate: z.number(),
  phantom: z.number(),
  unknownPresent: z.number(),
  unknownAbsent: z.number(),
});
/** HDR histogram figures of the whole run: a count, and percentiles in milliseconds. */
const percentiles = z.object({
  count: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});
const loadSummary = z.object({
  type: z.literal('load_summary'),
  at,
  operations: z.record(
    operationNameSchema,
    z.object({
      ok: z.number(),
      failed: z.number(),
      unknown: z.number(),
      cancelled: z.number(),
      skipped: z.number(),
      serviceMs: percentiles,
      responseMs: percentiles,
    }),
  ),
  attempts: z.partialRecord(outcomeSchema, z.number()),
});

export const eventSchema = z.discriminatedUnion('type', [
  runStarted,
  phaseEntered,
  serverObserved,
  garbageCollected,
  supervisorActed,
  gap,
  sourceLost,
  alertsQueried,
  alertFired,
  capacityMeasured,
  capacityNotMeasured,
  stopRequested,
  runEnded,
  faultIntended,
  faultInjected,
  faultEffectChecked,
  faultRevertedSchema,
  engineEvent,
  targetStarted,
  proxyChanged,
  proxyUsed,
  injectorFailed,
  engineLost,
  targetSampled,
  hygieneChecked,
  faultDue,
  faultSkipped,
  attemptFailed,
  answeredAgain,
  loadSecond,
  probeSecond,
  generatorChecked,
  workloadLoaded,
  workloadFailed,
  readBackDone,
  loadSummary,
]);
export type EncoreEvent = z.infer<typeof eventSchema>;
export type EventOf<Type extends EncoreEvent['type']> = Extract<EncoreEvent, { type: Type }>;

/** A page of events. A restarted service has a new `instanceId` and numbers from 1. */
export const eventPageSchema = z.object({
  instanceId: z.string(),
  /**
   * The number after which this page starts. Request the next page after the last event, or after
   * this number if the page is empty.
   */
  after: z.number(),
  /** Events dropped from the service's bounded log before they were read. */
  dropped: z.number(),
  events: z.array(z.object({ seq: z.number(), event: eventSchema })),
});
export type EventPage = z.infer<typeof eventPageSchema>;

export const sources = ['orchestrator', 'chaos', 'loadgen'] as const;
/** A line of history.ndjson. `crc` is the CRC-32 (8 hex digits) of the JSON without `crc`. */
export const historyLineSchema = z.object({
  seq: z.number().int(),
  source: z.enum(sources),
  event: eventSchema,
  crc: z.string(),
});
export type HistoryLine = z.infer<typeof historyLineSchema>;
