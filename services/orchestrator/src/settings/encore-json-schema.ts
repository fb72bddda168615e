/** Generates the JSON Schema of `encore.yaml` for editors: a settings file with a system. */
import { encoreFileSchema, processFileSchema } from '@encore/project';
import { z } from 'zod';
import { configJsonSchema } from './config-json-schema.ts';

export function encoreJsonSchema(): Record<string, unknown> {
  const settings = configJsonSchema();
  const system = z.union([encoreFileSchema.shape.system, processFileSchema.shape.system]);
  const { properties, required } = z.toJSONSchema(encoreFileSchema.extend({ system }), {
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
