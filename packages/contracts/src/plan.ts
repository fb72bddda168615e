/** The plan of a run: every fault with its time, target and settings. Stored, hashed, replayable. */
import { z } from 'zod';
import { plannedFaultSchema } from './fault.ts';

export const planSchema = z.strictObject({
  version: z.literal(1),
  seed: z.number().int(),
  rampSeconds: z.number(),
  steadySeconds: z.number(),
  faults: z.array(plannedFaultSchema),
  /** The success rate of operations that a perfect server could reach under this plan, 0 to 1. */
  bestSuccessRate: z.number(),
  /** SHA-256 (hex) of everything above, as canonical JSON. */
  hash: z.string(),
});
export type Plan = z.infer<typeof planSchema>;
