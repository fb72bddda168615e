/** Shape of one event: `at` is in epoch milliseconds (fractions allowed) of the host's clock. */
import { z } from 'zod';

export const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), at: z.number(), ...shape });
