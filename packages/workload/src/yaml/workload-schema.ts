/**
 * The shape of a YAML workload. Strings marked as templates may contain `{{ name }}` (Liquid): a
 * constant, a value, a capture of an earlier step, `new_id`, or a member of the object that the
 * operation uses.
 */
import { z } from 'zod';

const template = z.string().describe('a text in which templates such as {{ name }} are replaced');
const scalar = z.union([z.string(), z.number(), z.boolean()]).describe('a text, a number, true or false');
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'use lowercase letters, digits and _, starting with a letter');
const status = z.number().int().min(100).max(599);

/** Any JSON value; its strings are templates. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

const valueSchema = z
  .union([
    z.strictObject({ integer: z.tuple([z.number().int(), z.number().int()]) }),
    z.strictObject({ number: z.tuple([z.number(), z.number()]) }),
    z.strictObject({ pick: z.array(scalar).min(1) }),
    z.strictObject({ text: z.number().int().min(1).max(100_000) }),
  ])
  .describe('integer: [min, max], number: [min, max], pick: [...] or text: length; drawn with the seed of the run');

const requestSchema = z
  .strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    path: template.describe('a path and query that start with /, as a template'),
    headers: z.record(z.string().regex(/^[^A-Z]+$/, 'must be lowercase'), template).optional(),
    json: json.optional().describe('the body as JSON; its strings are templates'),
    body: template.optional().describe('the body as text'),
  })
  .refine(({ json, body }) => json === undefined || body === undefined, { message: 'set json or body, not both' });

const checkSchema = z.strictObject({
  status: z
    .union([status, z.array(status).min(1)])
    .optional()
    .describe('a number from 100 to 599, such as 201, or a list of them; default: 200 to 299'),
  headers: z.record(z.string(), template).optional().describe('each header must equal the text'),
  json: z.record(z.string(), json).optional().describe('by JSONPath: what its first match must equal'),
  schema: z.record(z.string(), z.unknown()).optional().describe('a JSON Schema for the body'),
  maxMs: z.number().positive().optional().describe('milliseconds from sending to the end of the response'),
});

const stepSchema = z
  .strictObject({
    request: requestSchema,
    check: checkSchema.default({}),
    capture: z.record(name, z.string()).optional().describe('names, and the JSONPath of each'),
    write: z
      .strictObject({ id: template, content: template })
      .optional()
      .describe('the request writes this object; content is any text that differs between two states of it'),
    remove: template.optional().describe('the id of the object that the request deletes; a template'),
    remember: z.boolean().optional().describe('later operations may use the written object'),
  })
  .refine(({ write, remove }) => write === undefined || remove === undefined, {
    message: 'set write or remove, not both',
  })
  .refine(({ write, remember }) => remember !== true || write !== undefined, {
    message: 'remember needs write',
    path: ['remember'],
  });

const operationSchema = z.strictObject({
  weight: z
    .number()
    .min(0)
    .meta({ examples: [1] }),
  uses: z
    .literal('object')
    .optional()
    .describe('draws one of the objects that the user wrote and remembers; skipped if there is none'),
  steps: z
    .array(stepSchema)
    .min(1)
    .meta({ examples: [[{ request: { path: '/items' } }]] }),
});

const preparation = z
  .array(
    z.strictObject({
      request: requestSchema,
      check: checkSchema.default({}),
      capture: z.record(name, z.string()).optional().describe('for later steps of the same list'),
    }),
  )
  .min(1);

export const workloadSchema = z.strictObject({
  name: z.string().optional(),
  first: z.string().optional().describe('the first operation of each user'),
  constants: z.record(name, scalar).optional().describe('may be used in every template, such as a token'),
  values: z.record(name, valueSchema).optional().describe('drawn for each operation'),
  probe: z
    .strictObject({ request: requestSchema, status: status.optional() })
    .meta({ examples: [{ request: { path: '/health' } }] }),
  operations: z.record(z.string(), operationSchema),
  readBack: z
    .strictObject({
      request: requestSchema,
      absent: z.array(status).default([404]).describe('statuses of an object that does not exist'),
      capture: z.record(name, z.string()).default({}),
      content: template.describe('the content of the last write, as a template that may use id and what was captured'),
    })
    .optional(),
  list: z
    .strictObject({
      request: requestSchema.describe('may use prefix, with which the ids start, and cursor'),
      ids: z.string().describe('JSONPath of the ids; those of other runs do not count'),
      cursor: z
        .string()
        .optional()
        .describe('JSONPath of what leads to the next page; absent, null or empty on the last'),
    })
    .optional()
    .describe('finds objects that nobody wrote, and objects that exist twice'),
  remove: z
    .strictObject({
      request: requestSchema.describe('may use id'),
      absent: z.array(status).default([404]).describe('statuses of an object that does not exist'),
    })
    .optional()
    .describe('deletes an object of an earlier run; needs list'),
  setup: preparation.optional().describe('before the first user; at most 30 s'),
  teardown: preparation.optional().describe('after the last user; at most 30 s'),
});

export type YamlWorkload = z.infer<typeof workloadSchema>;
export type YamlPreparation = z.infer<typeof preparation>;
export type YamlOperation = YamlWorkload['operations'][string];
export type YamlStep = YamlOperation['steps'][number];
export type YamlRequest = z.infer<typeof requestSchema>;
export type YamlCheck = z.infer<typeof checkSchema>;
export type YamlValue = z.infer<typeof valueSchema>;
