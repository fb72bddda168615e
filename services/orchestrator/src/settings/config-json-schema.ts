/** Generates the JSON Schema of a settings file (`--config`) for editors, from the contract. */
import { runConfigSchema } from '@encore/contracts';
import { z } from 'zod';
import { metricTable } from '../judge/rules/metric-table.ts';
import { scalarSettings } from './scalar-settings.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(runConfigSchema, { target: 'draft-2020-12', io: 'input' });
  const properties = schema.properties ?? {};
  for (const { key, help } of scalarSettings) Object.assign(properties[key] ?? {}, { description: help });
  const rules = Object.fromEntries(Object.keys(metricTable).map((metric) => [metric, { type: 'string' }]));
  Object.assign(properties['thresholds'] ?? {}, { properties: rules, additionalProperties: false });
  Object.assign(properties['abort'] ?? {}, { propertyNames: { enum: Object.keys(metricTable) } });
  return {
    $schema,
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
