/**
 * Writes docs/schema/config.schema.json, with which an editor completes and validates a settings
 * file (`--config`): `node scripts/make-config-schema.ts`. A test fails when the two differ.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../services/orchestrator/src/settings/config-json-schema.ts';

const path = join(import.meta.dirname, '..', 'docs', 'schema', 'config.schema.json');

writeFileSync(path, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
