/**
 * An MCP server with everything that the conformance suite tests. It replaces the tools of our own
 * server.
 */
import {
  type GetPromptResult,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { revisions } from '../../mcp/plain-call.ts';
import { embedded, image, png, text } from './fixture-content.ts';
import { contextPrompt, inputTools, stateCodec } from './fixture-inputs.ts';
import { plainTools } from './fixture-tools.ts';

const tools = new Map(Object.entries({ ...plainTools, ...inputTools }));

export function fixtureMcp({ era }: Pick<McpRequestContext, 'era'> = { era: 'legacy' }): Server {
  const server = new Server(
    { name: 'encore-conformance', version: '0.1.0' },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} },
      supportedProtocolVersions: revisions[era],
      requestState: { verify: (state, context) => stateCodec.verify(state, context) },
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [...tools].map(([name, { schema }]) => ({
      name,
      description: `Used by the scenarios that call ${name}`,
      inputSchema: schema ?? { type: 'object' },
    })),
  }));
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const tool = tools.get(params.name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool ${params.name}`);
    return tool.run(params.arguments ?? {}, context);
  });
  serveResources(server);
  servePrompts(server);
  return server;
}

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
  'test://watched-resource': { mimeType: 'text/plain', text: 'This is watched.' },
};

function serveResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({
    resources: Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri, description: uri, mimeType })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', description: 'Data by id' }],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const fixed = Object.hasOwn(resources, uri) ? resources[uri as keyof typeof resources] : null;
    if (fixed) return { contents: [{ uri, ...fixed }] };
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id === undefined) throw new ResourceNotFoundError(uri);
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: data }] };
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}

interface FixturePrompt {
  args: string[];
  get(args: Record<string, string>, context: ServerContext): ReturnType<typeof contextPrompt>;
}

function user(...content: GetPromptResult['messages'][number]['content'][]): Promise<GetPromptResult> {
  return Promise.resolve({ messages: content.map((block) => ({ role: 'user', content: block })) });
}

const prompts: Record<string, FixturePrompt> = {
  test_simple_prompt: { args: [], get: () => user(text('This is a simple prompt for testing.')) },
  test_prompt_with_arguments: {
    args: ['arg1', 'arg2'],
    get: ({ arg1, arg2 }) => user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    args: ['resourceUri'],
    get: ({ resourceUri = '' }) =>
      user(
        embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: { args: [], get: () => user(image, text('Please analyze the image above.')) },
  test_input_required_result_prompt: { args: [], get: (_args, context) => contextPrompt(context) },
};

function servePrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.entries(prompts).map(([name, { args }]) => ({
      name,
      description: `Used by the scenarios that get ${name}`,
      arguments: args.map((arg) => ({ name: arg, description: arg, required: true })),
    })),
  }));
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    const prompt = Object.hasOwn(prompts, params.name) ? prompts[params.name] : undefined;
    if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no prompt ${params.name}`);
    return prompt.get(params.arguments ?? {}, context);
  });
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
}
