/** Generates the JSON Schema of `encore.yaml` for editors: a settings file with a system. */
import { encoreFileSchema } from '@encore/project';
import { z } from 'zod';
import { configJsonSchema } from './config-json-schema.ts';

export function encoreJsonSchema(): Record<string, unknown> {
  const settings = configJsonSchema();
  const { properties, required } = z.toJSONSchema(encoreFileSchema, { target: 'draft-2020-12', io: 'input' });
  return {
    ...settings,
    title: 'encore.yaml',
    description: 'Your own Compose project under test. Settings that the file omits come from its profile.',
    required,
    properties: { ...properties, ...(settings['properties'] as object) },
  };
}
