/**
 * Writes docs/schema/config.schema.json, with which an editor completes and validates a settings
 * file (`--config`): `node scripts/make-config-schema.ts`. A test fails when the two differ.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runConfigSchema } from '@encore/contracts';
import { metricTable } from '../services/orchestrator/src/judge/rules/metric-table.ts';
import { scalarSettings } from '../services/orchestrator/src/settings/scalar-settings.ts';

type JsonSchema = Pick<ReturnType<typeof runConfigSchema.toJSONSchema>, 'required' | 'properties'>;

export function configJsonSchema(): Record<string, unknown> {
  const schema = runConfigSchema.toJSONSchema({ target: 'draft-2020-12', io: 'input' });
  const properties = schema.properties ?? {};
  for (const { key, help } of scalarSettings) Object.assign(properties[key] ?? {}, { description: help });
  const rules = Object.fromEntries(Object.keys(metricTable).map((metric) => [metric, { type: 'string' }]));
  Object.assign(properties['thresholds'] ?? {}, { properties: rules, additionalProperties: false });
  Object.assign(properties['abort'] ?? {}, { propertyNames: { enum: Object.keys(metricTable) } });
  return {
    $schema: schema.$schema,
    title: 'Settings of an Encore run',
    description: 'Settings that a file omits come from its profile.',
    ...withoutRequired(schema),
    properties: { $schema: { type: 'string' }, ...properties },
  };
}

/**
 * Makes every setting optional, because a file is merged into its profile. Lists are replaced, not
 * merged, so their items stay complete.
 */
function withoutRequired(schema: JsonSchema): JsonSchema {
  delete schema.required;
  for (const inner of Object.values(schema.properties ?? {})) if (typeof inner === 'object') withoutRequired(inner);
  return schema;
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'docs', 'schema', 'config.schema.json');
  writeFileSync(path, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}
