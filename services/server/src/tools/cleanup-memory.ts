import { cleanupMemoryOutputSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
import { defineTool } from './tool.ts';

export const cleanupMemory = defineTool({
  name: 'cleanup_memory',
  title: 'Free memory',
  description: 'Frees cached parsed scores and ends idle worker processes. Stored scores stay in the database.',
  input: z.strictObject({}),
  output: cleanupMemoryOutputSchema,
  effect: 'writes',
  cost: 'light',
  run: async (_input, { control }) => control.cleanup(),
});
