/** The plan of a run: every fault with its time, target and settings. Hashed and replayable. */
import { z } from 'zod';
import { plannedFaultSchema } from './fault.ts';
import { plannedSystemSchema } from './system.ts';

/** Faults that the schedule asks for and that do not fit into the plan, by rule and reason. */
export const droppedFaultsSchema = z.strictObject({
  rule: z.string(),
  count: z.number().int().positive(),
  reason: z.string(),
});
export type DroppedFaults = z.infer<typeof droppedFaultsSchema>;

/** Format of a run's files (plan, history, ledger). Raised by a change that breaks readers. */
export const filesVersion = 4 as const;

/** What is wrong with the format of a parsed plan.json; null if this version of Encore reads it. */
export function filesVersionProblem(plan: unknown): string | null {
  const version = typeof plan === 'object' && plan !== null && 'version' in plan ? plan.version : undefined;
  if (typeof version !== 'number' || version === filesVersion) return null;
  return `the run's files have format ${version}, and this version of Encore reads format ${filesVersion} only; use the version of Encore that made them`;
}

export const planSchema = z.strictObject({
  version: z.literal(filesVersion),
  seed: z.number().int(),
  rampSeconds: z.number(),
  steadySeconds: z.number(),
  system: plannedSystemSchema,
  faults: z.array(plannedFaultSchema),
  dropped: z.array(droppedFaultsSchema),
  /** Estimated success rate of operations, from 0 to 1, of a system without weaknesses. */
  bestSuccessRate: z.number(),
  /** SHA-256 (hex) of all other members, as canonical JSON. */
  hash: z.string(),
});
export type Plan = z.infer<typeof planSchema>;
