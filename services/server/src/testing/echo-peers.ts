/**
 * For the bench of the MCP path: a tool that answers what it was sent, behind everything that a user's call goes through, and the same
 * job done by Express and its JSON parser alone. Neither does any work of its own, so what differs is the path.
 */
import { createLogger } from '@encore/kit';
import express from 'express';
import { z } from 'zod';
import { createBreakers } from '../breakers.ts';
import { type Settings, serverConfigSchema } from '../config.ts';
import { Listener } from '../http/listener.ts';
import { createMcpRoute } from '../mcp/mcp-route.ts';
import { mcpServerFactory } from '../mcp/mcp-server.ts';
import { createParts } from '../parts.ts';
import { openUsersPort, stallMs } from '../start-server.ts';
import { tools } from '../tools/index.ts';
import { defineTool } from '../tools/tool.ts';
import { ToolRunner } from '../tools/tool-runner.ts';

const host = '127.0.0.1';
/** No limit on how often one address may ask, for all calls of a bench come from one. */
const limits = serverConfigSchema.parse({ rate_limit: { address_per_second: 1_000_000 }, memory_limit_mb: 8_192 });

const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Answers what it was sent.',
  input: z.strictObject({ text: z.string() }),
  output: z.strictObject({ text: z.string() }),
  readOnly: true,
  destructive: false,
  cost: 'light',
  run: (input) => Promise.resolve(input),
});

/** The port of a server with all tools and one more: gate, router, host guard, deadline, SDK, breaker and admission as shipped. */
export async function startMcpEcho(): Promise<number> {
  const settings: Settings = {
    host,
    port: 0,
    healthPort: 0,
    // Nobody is there, and no call of the bench asks for it.
    databaseUrl: 'postgres://nobody@127.0.0.1:9/none',
    scratchDir: '/nowhere',
    allowedHosts: [host],
    memoryLimitFile: null,
    logLevel: 'silent',
    limits,
  };
  const logger = createLogger('bench', 'silent');
  const parts = createParts(settings, logger);
  const breakers = createBreakers(limits, ['echo'], logger).tools;
  const { admission, metrics, library } = parts;
  const runner = new ToolRunner({ library, control: parts, admission, breakers, metrics });
  const factory = mcpServerFactory([...tools, echo], runner, library);
  const mcp = createMcpRoute({ factory, maxBytes: limits.max_message_size, stallMs, logger });
  return (await openUsersPort(settings, parts, () => mcp, logger)).port;
}

export async function startExpressEcho(): Promise<number> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(express.json({ limit: '4mb' }));
  app.post('/mcp', (request, response) => {
    response.json(request.body);
  });
  const requestTimeoutMs = limits.request_timeout * 1_000;
  return (await Listener.open(app, { host, port: 0, requestTimeoutMs, maxConnections: limits.max_connections })).port;
}
