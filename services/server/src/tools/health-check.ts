import { serverHealthSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
import { defineTool } from './tool.ts';

export const healthCheck = defineTool({
  name: 'health_check',
  title: 'Health of the server',
  description: 'State of breakers, memory, queues, workers and database, as in GET /health/detailed.',
  input: z.strictObject({}),
  output: serverHealthSchema,
  effect: 'reads',
  cost: 'light',
  run: (_input, { control }) => control.health(),
});
