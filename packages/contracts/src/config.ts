/** The configuration of a run, after profile, file, environment and flags were merged. Unknown keys are refused. */
import { z } from 'zod';
import { faultKindSchema, faultParamsSchema, targetSchema } from './fault.ts';

export const profileNames = ['smoke', 'quick', 'moderate', 'full'] as const;
export const profileNameSchema = z.enum(profileNames);
export type ProfileName = z.infer<typeof profileNameSchema>;

export const controlSchema = z.enum(['none', 'server-down', 'no-bite']);
export type Control = z.infer<typeof controlSchema>;

const rangeSchema = z
  .strictObject({ min: z.number().positive(), max: z.number().positive() })
  .refine((range) => range.min <= range.max, { message: 'min must not be greater than max' });

/** When a rule strikes: at fixed seconds, every N minutes at a phase of the interval, or at random intervals (start to start). */
const whenSchema = z.union([
  z.strictObject({ atSeconds: z.array(z.number().min(0)).min(1) }),
  z.strictObject({ everyMinutes: z.number().positive(), phase: z.number().min(0).max(1).default(0.5) }),
  z.strictObject({ betweenSeconds: rangeSchema }),
]);

const ruleFaultSchema = z.strictObject({
  kind: faultKindSchema,
  weight: z.number().positive().default(1),
  durationSeconds: rangeSchema.optional(),
  params: faultParamsSchema.default({}),
});

/** One stream of faults on one target. Streams never overlap on a target, or at all, unless `overlap` says so. */
export const scheduleRuleSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  target: targetSchema,
  when: whenSchema,
  pick: z.enum(['in-turn', 'weighted']).default('weighted'),
  faults: z.array(ruleFaultSchema).min(1),
  overlap: z.boolean().default(false),
});
export type ScheduleRule = z.infer<typeof scheduleRuleSchema>;

export const loadConfigSchema = z.strictObject({
  /** Weights of the operation mix. */
  mix: z.strictObject({
    create: z.number().min(0),
    analyze: z.number().min(0),
    modify: z.number().min(0),
    export: z.number().min(0),
    heavy: z.number().min(0),
  }),
  thinkSeconds: rangeSchema,
  /** Mean bytes per second of uploaded scores over all users; sets the weights of the sizes. */
  byteBudgetPerSecond: z.number().positive(),
  liveScoresPerUser: z.number().int().min(1).max(1_000),
  probesPerSecond: z.number().min(1).max(100),
});
export type LoadConfig = z.infer<typeof loadConfigSchema>;

export const runConfigSchema = z.strictObject({
  profile: profileNameSchema,
  hours: z
    .number()
    .positive()
    .max(24 * 14),
  rampSeconds: z.number().min(0),
  users: z.number().int().min(1).max(10_000),
  killIntervalMinutes: z.number().positive(),
  recoveryTimeoutSeconds: z.number().positive(),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  control: controlSchema.default('none'),
  monitor: z.boolean().default(true),
  /** Accept a plan that even a perfect server could not survive. */
  unwinnable: z.boolean().default(false),
  network: z.strictObject({ intervalSeconds: rangeSchema, durationSeconds: rangeSchema }),
  /** Replaces the default schedule (kills, network faults, memory caps) when given. */
  schedule: z.array(scheduleRuleSchema).optional(),
  load: loadConfigSchema,
  /** Rules of the verdict in the k6 grammar, by metric: `success_rate: "value>=0.95"`. */
  thresholds: z.record(z.string(), z.string()),
});
export type RunConfig = z.infer<typeof runConfigSchema>;
