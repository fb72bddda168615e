import { serverHealthSchema } from '@encore/contracts/server-api';
import { z } from 'zod';
import { defineTool } from './tool.ts';

export const healthCheck = defineTool({
  name: 'health_check',
  title: 'Health of the server',
  description: 'Breakers, memory, queues, workers and database, as GET /health/detailed tells them.',
  input: z.strictObject({}),
  output: serverHealthSchema,
  readOnly: true,
  destructive: false,
  cost: 'light',
  run: (_input, { control }) => control.health(),
});
