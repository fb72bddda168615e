/** The plan of a run: every fault with its time, target and settings. Hashed and replayable. */
import { z } from 'zod';
import { plannedFaultSchema } from './fault.ts';

/** Faults that the schedule demands and that do not fit into the plan, by rule and reason. */
export const droppedFaultsSchema = z.strictObject({
  rule: z.string(),
  count: z.number().int().positive(),
  reason: z.string(),
});
export type DroppedFaults = z.infer<typeof droppedFaultsSchema>;

export const planSchema = z.strictObject({
  version: z.literal(1),
  seed: z.number().int(),
  rampSeconds: z.number(),
  steadySeconds: z.number(),
  faults: z.array(plannedFaultSchema),
  /** Absent in plans of older versions or made by hand: dropped faults are unknown. */
  dropped: z.array(droppedFaultsSchema).optional(),
  /** The operation success rate that a perfect server could reach under this plan, from 0 to 1. */
  bestSuccessRate: z.number(),
  /** SHA-256 (hex) of all other members, as canonical JSON. */
  hash: z.string(),
});
export type Plan = z.infer<typeof planSchema>;
