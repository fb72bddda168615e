/**
 * Writes docs/schema/encore.schema.json, with which an editor completes and validates encore.yaml,
 * a settings file with a system: `node scripts/make-encore-schema.ts`. A test fails when the two
 * differ.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoreFileSchema, processFileSchema } from '@encore/project';
import { configJsonSchema } from './make-config-schema.ts';

export function encoreJsonSchema(): Record<string, unknown> {
  const settings = configJsonSchema();
  const system = encoreFileSchema.shape.system.or(processFileSchema.shape.system);
  const { properties, required } = encoreFileSchema.extend({ system }).toJSONSchema({
    target: 'draft-2020-12',
    io: 'input',
  });
  return {
    ...settings,
    title: 'encore.yaml',
    description:
      'Your own project under test, as Compose files or as processes. Settings that the file omits come from its profile.',
    required,
    properties: { ...properties, ...(settings['properties'] as object) },
  };
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'docs', 'schema', 'encore.schema.json');
  writeFileSync(path, `${JSON.stringify(encoreJsonSchema(), null, 2)}\n`);
}
