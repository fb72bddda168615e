/**
 * Writes docs/schema/encore.schema.json, with which an editor completes and validates encore.yaml:
 * `node scripts/make-encore-schema.ts`. A test fails when the two differ.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoreJsonSchema } from '../services/orchestrator/src/settings/encore-json-schema.ts';

const path = join(import.meta.dirname, '..', 'docs', 'schema', 'encore.schema.json');

writeFileSync(path, `${JSON.stringify(encoreJsonSchema(), null, 2)}\n`);
