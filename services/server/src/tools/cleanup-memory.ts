import { cleanupMemoryOutputSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
import { defineTool } from './tool.ts';

export const cleanupMemory = defineTool({
  name: 'cleanup_memory',
  title: 'Free memory',
  description: 'Drops parsed scores and idle worker processes. Nothing is lost: stored scores stay in the database.',
  input: z.strictObject({}),
  output: cleanupMemoryOutputSchema,
  readOnly: false,
  destructive: false,
  cost: 'light',
  run: async (_input, { control }) => control.cleanup(),
});
