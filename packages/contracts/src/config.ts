/** The configuration of a run, merged from profile, file, environment and flags. */
import { z } from 'zod';
import { byKind, targetSchema } from './fault.ts';
import { operationNameSchema } from './outcome.ts';

export const profileNames = ['smoke', 'quick', 'moderate', 'full'] as const;
export const profileNameSchema = z.enum(profileNames);
export type ProfileName = z.infer<typeof profileNameSchema>;

export const controlSchema = z.enum(['none', 'server-down', 'noop-faults']);

const rangeSchema = z
  .strictObject({ min: z.number().positive(), max: z.number().positive() })
  .refine((range) => range.min <= range.max, { message: 'min must not be greater than max' });

const whenSchema = z
  .union([
    z.strictObject({ atSeconds: z.array(z.number().min(0)).min(1) }),
    z.strictObject({ everyMinutes: z.number().positive(), phase: z.number().min(0).max(1).default(0.5) }),
    z.strictObject({ betweenSeconds: rangeSchema }),
  ])
  .describe(
    'one of atSeconds (fixed seconds), everyMinutes (at a phase, 0 to 1, of each interval) or betweenSeconds (at random, start to start)',
  );

const ruleFaultSchema = byKind((params) => ({
  weight: z.number().positive().max(1_000_000).default(1),
  durationSeconds: rangeSchema.optional(),
  params: params.prefault({}),
}));

/** A schedule rule: faults on one target. They overlap no other fault unless `overlap` is set. */
export const scheduleRuleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/)
    .describe('at most 31 lowercase letters, digits and hyphens, starting with a letter, such as kills'),
  target: targetSchema,
  when: whenSchema,
  pick: z.enum(['in-turn', 'weighted']).default('weighted'),
  faults: z.array(ruleFaultSchema).min(1),
  overlap: z.boolean().default(false).describe('may overlap faults of other rules'),
});
export type ScheduleRule = z.infer<typeof scheduleRuleSchema>;

export const loadConfigSchema = z.strictObject({
  mix: z
    .record(operationNameSchema, z.number().min(0))
    .refine((mix) => Object.keys(mix).length === 0 || Object.values(mix).some((weight) => weight > 0), {
      message: 'at least one weight must be above 0',
    })
    .default({})
    .describe('weights of the operations; the workload has a default for each'),
  thinkSeconds: rangeSchema.describe('time between the planned starts of two operations of a user'),
  parameters: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
    .default({})
    .describe('settings of the workload, which has a default for each'),
  probesPerSecond: z.number().min(1).max(100).describe('requests per second that measure availability'),
});
export type LoadConfig = z.infer<typeof loadConfigSchema>;

export const runConfigSchema = z.strictObject({
  profile: profileNameSchema,
  hours: z
    .number()
    .positive()
    .max(24 * 14),
  rampSeconds: z.number().min(0).describe('seconds over which the users arrive, at the beginning of the run'),
  users: z.number().int().min(1).max(10_000),
  killIntervalMinutes: z.number().positive(),
  recoveryTimeoutSeconds: z.number().min(1),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  control: controlSchema.default('none'),
  monitor: z.boolean().default(true).describe('the monitor in a terminal; without it, plain lines'),
  allowInfeasiblePlan: z
    .boolean()
    .default(false)
    .describe(
      'accept a plan whose estimated best success rate is below 97 %, or that leaves too little time without faults',
    ),
  network: z
    .strictObject({ intervalSeconds: rangeSchema, durationSeconds: rangeSchema })
    .describe('network faults of the default schedule: seconds from start to start, and how long each is held'),
  schedule: z
    .array(scheduleRuleSchema)
    .superRefine((rules, { addIssue }) => {
      const names = rules.map(({ name }) => name);
      for (const [index, name] of names.entries())
        if (names.indexOf(name) < index)
          addIssue({ code: 'custom', path: [index, 'name'], message: 'another rule has this name' });
    })
    .optional()
    .describe(
      'replaces the default schedule (kills, memory caps and spikes, network faults); docs/FAULTS.md lists the kinds',
    ),
  capacitySeconds: z
    .number()
    .int()
    .min(0)
    .max(60)
    .describe('how many seconds autocannon measures the system before the users arrive; 0 skips the measurement'),
  load: loadConfigSchema.describe('what the users do'),
  thresholds: z
    .record(z.string(), z.string().describe('a rule in quotation marks, such as "value>=0.95"'))
    .describe('rules of the verdict by metric, such as success_rate: "value>=0.95"'),
  abort: z
    .record(z.string(), z.number().min(0).max(86_400))
    .optional()
    .describe('ends the run once the rule of a metric has been broken for this many seconds, such as success_rate: 30'),
});
export type RunConfig = z.infer<typeof runConfigSchema>;
