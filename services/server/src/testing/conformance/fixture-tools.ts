/**
 * The tools that the conformance suite calls by name. Those that request input are in
 * fixture-inputs.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  MissingRequiredClientCapabilityError,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { embedded, image, text, wav } from './fixture-content.ts';

export interface FixtureTool {
  schema?: Tool['inputSchema'];
  run(args: Record<string, unknown>, context: ServerContext): Promise<CallToolResult | InputRequiredResult>;
}

/** The scenarios require a pause between messages. */
const pauseMs = 50;

function always(...content: CallToolResult['content']): FixtureTool {
  return { run: async () => ({ content }) };
}

export const plainTools: Record<string, FixtureTool> = {
  test_simple_text: always(text('This is a simple text response for testing.')),
  test_image_content: always(image),
  test_audio_content: always({ type: 'audio', data: wav, mimeType: 'audio/wav' }),
  test_embedded_resource: always(
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ),
  test_multiple_content_types: always(
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ),
  test_error_handling: {
    run: async () => ({ isError: true, content: [text('This tool intentionally returns an error for testing')] }),
  },
  test_tool_with_logging: { run: logThrice },
  test_logging_tool: { run: logThrice },
  test_tool_with_progress: { run: progressThrice },
  test_missing_capability: {
    run: async () => {
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    },
  },
  test_streaming_elicitation: {
    async run(_args, context) {
      await logThrice(_args, context);
      const requestedSchema = { type: 'object' as const, properties: { ok: { type: 'boolean' as const } } };
      return inputRequired({ inputRequests: { go: inputRequired.elicit({ message: 'Go on?', requestedSchema }) } });
    },
  },
  json_schema_2020_12_tool: { ...always(text('ok')), schema: jsonSchema2020() },
};

async function logThrice(_args: unknown, { mcpReq }: ServerContext): Promise<CallToolResult> {
  for (const [i, what] of ['execution started', 'processing data', 'execution completed'].entries()) {
    if (i > 0) await sleep(pauseMs);
    await mcpReq.log('info', `Tool ${what}`);
  }
  return { content: [text('three messages were logged')] };
}

async function progressThrice(_args: unknown, { mcpReq }: ServerContext): Promise<CallToolResult> {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progress > 0) await sleep(pauseMs);
    if (progressToken === undefined) continue;
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
  }
  return { content: [text('all steps are done')] };
}

/** The keywords of JSON Schema 2020-12 that must reach the client unchanged. */
function jsonSchema2020(): Tool['inputSchema'] {
  const stringSchema = { type: 'string' };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: { $anchor: 'addressDef', type: 'object', properties: { street: stringSchema, city: stringSchema } },
    },
    properties: {
      name: stringSchema,
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: stringSchema,
      email: stringSchema,
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  };
}
