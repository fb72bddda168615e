/** The JSON Schema of a settings file (`--config`), by which an editor completes and checks one. Made from the contract. */
import { runConfigSchema } from '@encore/contracts';
import { z } from 'zod';
import { metricShapes } from '../judge/threshold.ts';
import { scalarSettings } from './scalar-settings.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(runConfigSchema, { target: 'draft-2020-12', io: 'input' });
  const properties = schema.properties ?? {};
  for (const { key, help } of scalarSettings) Object.assign(properties[key] ?? {}, { description: help });
  const rules = Object.fromEntries(Object.keys(metricShapes).map((metric) => [metric, { type: 'string' }]));
  Object.assign(properties['thresholds'] ?? {}, { properties: rules, additionalProperties: false });
  return {
    $schema,
    title: 'Settings of an Encore run',
    description: 'What a file does not say comes from its profile.',
    ...asPart(schema),
    properties: { $schema: { type: 'string' }, ...properties },
  };
}

/** A file is laid over its profile, so no setting has to be there. A list is not laid over anything: its items must be whole. */
function asPart(schema: JsonSchema): JsonSchema {
  delete schema.required;
  for (const inner of Object.values(schema.properties ?? {})) if (typeof inner === 'object') asPart(inner);
  return schema;
}
