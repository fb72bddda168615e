/**
 * For the benchmark of the MCP path: an echo tool behind everything that a user's call passes
 * through, and the same echo in Express with its JSON parser. The difference is the cost of the
 * path.
 */
import { createLogger } from '@encore/kit';
import express from 'express';
import { z } from 'zod';
import { createBreakers } from '../breakers.ts';
import { createComponents } from '../components.ts';
import type { Settings } from '../config.ts';
import { openListener } from '../http/listener.ts';
import { createMcpRoute } from '../mcp/mcp-route.ts';
import { mcpServerFactory } from '../mcp/mcp-server.ts';
import { serverConfigSchema } from '../server-config.ts';
import { openUsersPort, stallMs } from '../start-server.ts';
import { tools } from '../tools/index.ts';
import { defineTool } from '../tools/tool.ts';
import { ToolRunner } from '../tools/tool-runner.ts';

const host = '127.0.0.1';
/** A very high rate limit, because all calls of the benchmark come from one address. */
const limits = serverConfigSchema.parse({ rate_limit: { address_per_second: 1_000_000 }, memory_limit_mb: 8_192 });

const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Returns its input.',
  input: z.strictObject({ text: z.string() }),
  output: z.strictObject({ text: z.string() }),
  effect: 'reads',
  cost: 'light',
  run: (input) => Promise.resolve(input),
});

/** Starts the shipped server with an additional echo tool and returns its port. */
export async function startMcpEcho(): Promise<number> {
  const settings: Settings = {
    host,
    port: 0,
    healthPort: 0,
    // Nothing listens there; no call of the benchmark uses the database.
    databaseUrl: 'postgres://nobody@127.0.0.1:9/none',
    scratchDir: '/nowhere',
    allowedHosts: [host],
    memoryLimitFile: null,
    logLevel: 'silent',
    limits,
  };
  const logger = createLogger('bench', 'silent');
  const components = createComponents(settings, logger);
  const breakers = createBreakers(limits, ['echo'], logger).tools;
  const { admission, metrics, library } = components;
  const runner = new ToolRunner({ library, control: components, admission, breakers, metrics });
  const factory = mcpServerFactory([...tools, echo], runner, library);
  const mcp = createMcpRoute({ factory, maxBytes: limits.max_message_size, stallMs, logger });
  return (await openUsersPort(settings, components, async () => mcp, logger)).port;
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
  return (await openListener(app, { host, port: 0, requestTimeoutMs, maxConnections: limits.max_connections })).port;
}
