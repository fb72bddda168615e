/** The plan of a run: every fault with its time, target and settings. Stored, hashed, replayable. */
import { z } from 'zod';
import { plannedFaultSchema } from './fault.ts';

/** Faults that the schedule asks for and for which the plan has no room, by rule of the schedule and reason. */
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
  /** Absent in plans that were made by hand or by an earlier version: nothing is known of dropped faults. */
  dropped: z.array(droppedFaultsSchema).optional(),
  /** The success rate of operations that a perfect server could reach under this plan, 0 to 1. */
  bestSuccessRate: z.number(),
  /** SHA-256 (hex) of everything above, as canonical JSON. */
  hash: z.string(),
});
export type Plan = z.infer<typeof planSchema>;
