/**
 * Writes docs/schema/workload.schema.json, with which an editor completes and validates a YAML
 * workload. It comes from the schema that the load generator validates with.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workloadJsonSchema } from '../packages/workload/src/yaml/workload-json-schema.ts';

const path = join(import.meta.dirname, '..', 'docs', 'schema', 'workload.schema.json');
await writeFile(path, `${JSON.stringify(workloadJsonSchema(), null, 2)}\n`);
