/** The JSON Schema of a YAML workload, for editors. */
import { z } from 'zod';
import { workloadSchema } from './workload-schema.ts';

export function workloadJsonSchema(): object {
  return { title: 'Encore workload', ...z.toJSONSchema(workloadSchema, { io: 'input' }) };
}
