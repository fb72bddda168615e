/** The report of a run: `test_results/production_test_YYYYMMDD_HHMMSS.json`. Versioned; snake_case; seconds and bytes in the names. */
import { z } from 'zod';
import { bitSchema, faultKindSchema, healerSchema, targetSchema } from './fault.ts';
import { operationKindSchema, outcomeSchema } from './outcome.ts';
import { droppedFaultsSchema } from './plan.ts';

export const resultSchema = z.enum(['PASSED', 'FAILED', 'INCONCLUSIVE', 'INTERRUPTED']);
export type Result = z.infer<typeof resultSchema>;

/** Exit codes of a run by its result; 3 is a refusal to start. */
export const exitCodes = { PASSED: 0, FAILED: 1, INCONCLUSIVE: 2, INTERRUPTED: 130 } as const satisfies Record<
  Result,
  number
>;
export const refusedExitCode = 3;
/** Of `verify`: the report that was stored says something else than the files, whatever the verdict. */
export const contradictedExitCode = 4;

const seconds = z.number().nullable();
const percentilesSchema = z.object({
  count: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

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
 * How long after its recovery the system was back to normal. `normal`: after `seconds`. `never`: not within the bound.
 * `unknown`: the observation ended first, for `reason`; `seconds` is for how long it was not normal at least.
 */
export const backToNormalSchema = z.object({
  state: z.enum(['normal', 'never', 'unknown']),
  seconds,
  reason: z.string().optional(),
});

/**
 * Did Prometheus notice? `seen`: an alert that names the kind went firing because of the fault. `already_firing`: one did, since an
 * earlier fault, and could not go firing anew. `silent`: none did. `not_alerting`: no alert names the kind, by design.
 */
export const monitoringSchema = z.object({
  state: z.enum(['seen', 'already_firing', 'silent', 'not_alerting']),
  /** The alert that was first. */
  alert: z.string().nullable(),
  /** From the injection until it was firing. */
  after_seconds: seconds,
});
export type ReportedMonitoring = z.infer<typeof monitoringSchema>;

export const reportedFaultSchema = z.object({
  id: z.string(),
  kind: faultKindSchema,
  target: targetSchema,
  planned_at: z.string(),
  injected_at: z.string().nullable(),
  duration_seconds: z.number(),
  bit: bitSchema,
  evidence: z.string(),
  undone_at: z.string().nullable(),
  undo_verified: z.boolean().nullable(),
  /** `external`: something other than Encore and the system itself ended it before its time. */
  undo_cause: z.enum(['released', 'lease_ended', 'healed', 'instant', 'external']).nullable(),
  healed_by: healerSchema.nullable(),
  /** Seconds since injection. */
  stages: stagesSchema,
  /** The gated figure: from the kill (crash, outage) or from the verified undo (held faults) to the first correct user answer. */
  recovery_seconds: seconds,
  /** null: the fault had no effect or was not recovered from. */
  back_to_normal: backToNormalSchema.nullable(),
  attempts_failed: z.number(),
  /** null: nobody watched, or the fault did not bite. */
  monitoring: monitoringSchema.nullable(),
});
export type ReportedFault = z.infer<typeof reportedFaultSchema>;

export const thresholdResultSchema = z.object({
  name: z.string(),
  expression: z.string(),
  value: z.number().nullable(),
  /** null: no data, or too little, hence INCONCLUSIVE. */
  ok: z.boolean().nullable(),
  note: z.string().optional(),
});

export const reportSchema = z.object({
  /** Raised by a change that breaks readers. */
  schema_version: z.literal(2),
  /** Raised by an addition: a reader may pass over fields that it does not know. */
  schema_minor_version: z.literal(1),
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
    /** Planned operations that users never performed. They are not among `operations`. */
    skipped: z.number(),
    success_rate: z.number().nullable(),
    /** As if each skipped operation had failed. */
    success_rate_of_planned: z.number().nullable(),
    attempt_success_rate: z.number().nullable(),
    requests_per_second: z.number(),
  }),
  /** What the server can do without faults and without users; no rate counts it. null: it was not measured. */
  capacity: z
    .object({
      tool: z.string(),
      connections: z.number(),
      duration_seconds: z.number(),
      requests_per_second: z.number(),
      answered: z.number(),
      refused: z.number(),
      lost: z.number(),
      latency_ms: z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }),
    })
    .nullable(),
  outcomes: z.record(outcomeSchema, z.number()),
  operations: z.record(
    operationKindSchema,
    z.object({
      ok: z.number(),
      failed: z.number(),
      unknown: z.number(),
      cancelled: z.number(),
      skipped: z.number(),
      service_ms: percentilesSchema.nullable(),
      response_ms: percentilesSchema.nullable(),
    }),
  ),
  availability: z.object({
    overall: z.number().nullable(),
    control_windows: z.number().nullable(),
    without_sheds: z.number().nullable(),
    longest_outage_seconds: z.number().nullable(),
  }),
  alerts: z.array(z.object({ at: z.string(), name: z.string(), level: alertLevelSchema, message: z.string() })),
  manual_interventions: z.array(
    z.object({
      at: z.string(),
      target: z.string(),
      action: z.string(),
      /** What is known of its cause. */
      detail: z.string().optional(),
    }),
  ),
  recoveries: z.object({
    count: z.number(),
    /** Those of `count` that took `limit_seconds` or longer. */
    late: z.number(),
    /** No right answer came while somebody asked, for the limit or longer. */
    failed: z.number(),
    limit_seconds: z.number(),
    mean_seconds: seconds,
    p95_seconds: seconds,
    max_seconds: seconds,
    /** `unknown`: the next fault began first, or the observation ended. The figures are of those in `measured`. */
    back_to_normal: z.object({
      measured: z.number(),
      never: z.number(),
      unknown: z.number(),
      p95_seconds: seconds,
      max_seconds: seconds,
    }),
  }),
  /** `planned` is the sum of `ran` and of the counts in `skipped`; what was dropped is not part of it. */
  planned_faults: z.object({
    planned: z.number(),
    ran: z.number(),
    skipped: z.array(z.object({ reason: z.string(), count: z.number() })),
    /** What the schedule asks for and the plan had no room for. null: the plan does not record it. */
    dropped: z.array(droppedFaultsSchema).nullable(),
  }),
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
    /** Read-backs in control windows, and the scores that they read. What they found stands in the counts above. */
    samples: z.number(),
    sampled: z.number(),
  }),
  resources: z.record(
    z.string(),
    z.object({
      memory_peak_bytes: z.number().nullable(),
      memory_slope_bytes_per_hour: z.number().nullable(),
      cpu_seconds: z.number().nullable(),
      restarts: z.record(z.string(), z.number()),
    }),
  ),
  hygiene: z.object({
    leaked_toxics: z.number().nullable(),
    leaked_pauses: z.number().nullable(),
    limits_off_baseline: z.number().nullable(),
    foreign_containers_touched: z.number().nullable(),
  }),
  thresholds: z.array(thresholdResultSchema),
  generator: z.object({
    late_start_rate: z.number().nullable(),
    event_loop_delay_p99_ms: z.number().nullable(),
    cpu_share: z.number().nullable(),
    within_limits: z.boolean().nullable(),
  }),
  not_tested: z.array(z.string()),
});
export type Report = z.infer<typeof reportSchema>;
