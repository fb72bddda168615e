/** The report, `test_results/production_test_YYYYMMDD_HHMMSS.json`. Names carry the units. */
import { z } from 'zod';
import { revertCauseSchema } from './events/chaos-events.ts';
import { operationCounts, percentilesSchema } from './events/loadgen-events.ts';
import { anyParamsSchema, effectSchema, faultKindSchema, recoveredBySchema, targetSchema } from './fault.ts';
import { capacityResultSchema } from './loadgen-api.ts';
import { operationNameSchema, outcomeSchema } from './outcome.ts';
import { droppedFaultsSchema } from './plan.ts';

export const resultSchema = z.enum(['PASSED', 'FAILED', 'INCONCLUSIVE', 'INTERRUPTED']);
export type Result = z.infer<typeof resultSchema>;

/** Exit codes of a run, by result. */
export const exitCodes = { PASSED: 0, FAILED: 1, INCONCLUSIVE: 2, INTERRUPTED: 130 } as const satisfies Record<
  Result,
  number
>;
/** Encore refused to start the run. */
export const refusedExitCode = 3;
/** `encore verify`: the stored report contradicts the files, whatever the verdict. */
export const contradictedExitCode = 4;

const seconds = z.number().nullable();

export const alertLevelSchema = z.enum(['INFO', 'WARNING']);
export type AlertLevel = z.infer<typeof alertLevelSchema>;

export const stagesSchema = z.object({
  detected: seconds,
  restarted: seconds,
  port: seconds,
  ready: seconds,
  first_success: seconds,
  back_to_normal: seconds,
});

/**
 * When the system was back to normal after its recovery. `normal`: after `seconds`. `never`: not
 * within the limit. `unknown`: the observation ended first, because of `reason`; `seconds` is a
 * lower bound.
 */
export const backToNormalSchema = z.object({
  state: z.enum(['normal', 'never', 'unknown']),
  seconds,
  reason: z.string().optional(),
});

/**
 * Whether a Prometheus alert fired for the fault. `seen`: an alert for this kind started to fire.
 * `already_firing`: it was still firing from an earlier fault. `silent`: none fired.
 * `not_alerting`: no alert covers this kind, by design.
 */
export const monitoringSchema = z.object({
  state: z.enum(['seen', 'already_firing', 'silent', 'not_alerting']),
  /** The first alert that fired. */
  alert: z.string().nullable(),
  /** From the injection to the first firing. */
  after_seconds: seconds,
});
export type ReportedMonitoring = z.infer<typeof monitoringSchema>;

export const reportedFaultSchema = z.object({
  id: z.string(),
  kind: faultKindSchema,
  target: targetSchema,
  params: anyParamsSchema,
  planned_at: z.string(),
  injected_at: z.string().nullable(),
  duration_seconds: z.number(),
  effect: effectSchema,
  evidence: z.string(),
  reverted_at: z.string().nullable(),
  revert_verified: z.boolean().nullable(),
  revert_cause: revertCauseSchema.nullable(),
  recovered_by: recoveredBySchema.nullable(),
  /** Seconds since injection. */
  stages: stagesSchema,
  /**
   * The figure that rules apply to: from the kill (crash, outage) or the verified revert (other
   * faults) to the first correct response to a user.
   */
  recovery_seconds: seconds,
  /** Null if the fault had no effect or the system did not recover. */
  back_to_normal: backToNormalSchema.nullable(),
  /** The services that were down during the fault, each with its own recovery. */
  services: z.array(
    z.object({
      service: targetSchema,
      /**
       * From where `recovery_seconds` starts; null if it was not back before the next fault or the
       * read-back.
       */
      seconds,
      /** What showed it: the URL of its readiness, its health check, or its container's start. */
      source: z.enum(['ready', 'health-check', 'engine']),
      /** How often that was checked; null if each change is seen. */
      resolution_seconds: z.number().nullable(),
    }),
  ),
  attempts_failed: z.number(),
  /** Null without Prometheus, or if the fault had no effect. */
  monitoring: monitoringSchema.nullable(),
});
export type ReportedFault = z.infer<typeof reportedFaultSchema>;

export const thresholdResultSchema = z.object({
  name: z.string(),
  expression: z.string(),
  value: z.number().nullable(),
  /** Null if there is too little data, which makes the run INCONCLUSIVE. */
  ok: z.boolean().nullable(),
  note: z.string().optional(),
});

export const reportSchema = z.object({
  /** Increases with changes that break readers. */
  schema_version: z.literal(3),
  /** Increases with additions; readers may ignore unknown fields. */
  schema_minor_version: z.literal(2),
  run_id: z.string(),
  result: resultSchema,
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  started_at: z.string(),
  ended_at: z.string(),
  duration_seconds: z.number(),
  observed_seconds: z.number(),
  gaps: z.array(z.object({ from: z.string(), to: z.string(), reason: z.string() })),
  seed: z.number(),
  plan_hash: z.string(),
  config: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.unknown()),
  totals: z.object({
    operations: z.number(),
    attempts: z.number(),
    ok: z.number(),
    failed: z.number(),
    unknown: z.number(),
    /** Planned operations that users did not perform. Not included in `operations`. */
    skipped: z.number(),
    success_rate: z.number().nullable(),
    /** The success rate with skipped operations counted as failed. */
    success_rate_of_planned: z.number().nullable(),
    attempt_success_rate: z.number().nullable(),
    requests_per_second: z.number(),
  }),
  /** Result of the capacity test; no rate includes it. Null if it was not measured. */
  capacity: z
    .object({
      tool: z.string(),
      connections: z.number(),
      duration_seconds: z.number(),
      requests_per_second: z.number(),
      answered: z.number(),
      refused: z.number(),
      lost: z.number(),
      latency_ms: capacityResultSchema.shape.latencyMs,
    })
    .nullable(),
  outcomes: z.record(outcomeSchema, z.number()),
  operations: z.record(
    operationNameSchema,
    z.object({
      ...operationCounts,
      service_ms: percentilesSchema.nullable(),
      response_ms: percentilesSchema.nullable(),
    }),
  ),
  availability: z.object({
    overall: z.number().nullable(),
    fault_free_windows: z.number().nullable(),
    without_sheds: z.number().nullable(),
    longest_outage_seconds: z.number().nullable(),
  }),
  alerts: z.array(z.object({ at: z.string(), name: z.string(), level: alertLevelSchema, message: z.string() })),
  manual_interventions: z.array(
    z.object({
      at: z.string(),
      target: z.string(),
      action: z.string(),
      /** What is known about the cause. */
      detail: z.string().optional(),
    }),
  ),
  recoveries: z.object({
    count: z.number(),
    /** Recoveries in `count` that took `limit_seconds` or longer. */
    late: z.number(),
    /** Cases without a correct response for the limit or longer, although requests were sent. */
    failed: z.number(),
    limit_seconds: z.number(),
    mean_seconds: seconds,
    p95_seconds: seconds,
    max_seconds: seconds,
    /**
     * `unknown`: the next fault started or the observation ended first. The seconds cover
     * `measured`.
     */
    back_to_normal: z.object({
      measured: z.number(),
      never: z.number(),
      unknown: z.number(),
      p95_seconds: seconds,
      max_seconds: seconds,
    }),
  }),
  /** `planned` is the sum of `ran` and the counts in `skipped`; it excludes dropped faults. */
  planned_faults: z.object({
    planned: z.number(),
    ran: z.number(),
    skipped: z.array(z.object({ reason: z.string(), count: z.number() })),
    /** Demanded by the schedule, but not in the plan. Null if the plan does not record them. */
    dropped: z.array(droppedFaultsSchema),
  }),
  /** The container whose recovery is judged. */
  recovery_of: z.string(),
  faults: z.array(reportedFaultSchema),
  attribution: z.object({
    explained: z.record(z.string(), z.number()),
    unexplained: z.number(),
    unexplained_samples: z.array(
      z.object({ at: z.string(), operation: z.string(), outcome: z.string(), request: z.string(), detail: z.string() }),
    ),
  }),
  integrity: z.object({
    acknowledged: z.number().nullable(),
    read_back: z.number().nullable(),
    lost: z.number().nullable(),
    corrupt: z.number().nullable(),
    duplicate: z.number().nullable(),
    phantom: z.number().nullable(),
    unknown_present: z.number().nullable(),
    unknown_absent: z.number().nullable(),
    /**
     * Sample read-backs, and the objects that they read. The counts above include their findings.
     */
    samples: z.number(),
    sampled: z.number(),
  }),
  resources: z.record(
    z.string(),
    z.object({
      memory_peak_bytes: z.number().nullable(),
      memory_limit_bytes: z.number().nullable(),
      memory_slope_bytes_per_hour: z.number().nullable(),
      /** Of the second half of the samples. */
      memory_second_half_slope_bytes_per_hour: z.number().nullable(),
      /** From the system description: what keeps the memory from growing without end. */
      memory_bound: z.string().nullable(),
      cpu_seconds: z.number().nullable(),
      restarts: z.record(z.string(), z.number()),
    }),
  ),
  hygiene: z.object({
    leaked_toxics: z.number().nullable(),
    leaked_pauses: z.number().nullable(),
    limits_not_restored: z.number().nullable(),
    external_containers_touched: z.number().nullable(),
  }),
  thresholds: z.array(thresholdResultSchema),
  generator: z.object({
    late_start_rate: z.number().nullable(),
    event_loop_delay_p99_ms: z.number().nullable(),
    cpu_share: z.number().nullable(),
    within_limits: z.boolean().nullable(),
  }),
  /** By proxy, the clients that connected through it; null where connections are not visible. */
  proxy_clients: z.record(z.string(), z.array(z.string())).nullable(),
  not_tested: z.array(z.string()),
});
export type Report = z.infer<typeof reportSchema>;
