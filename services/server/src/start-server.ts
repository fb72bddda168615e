/** Opens the two ports on the parts of the server, and closes everything in order. The database may come later. */
import { type Logger, systemClock } from '@encore/kit';
import type { Settings } from './config.ts';
import { gate } from './http/gate.ts';
import { healthApp } from './http/health-app.ts';
import { Listener } from './http/listener.ts';
import { Outbox } from './http/outbox.ts';
import { usersApp } from './http/users-app.ts';
import type { McpRoute, McpRouteOptions } from './mcp/mcp-route.ts';
import { createParts, type Parts } from './parts.ts';
import { tools } from './tools/index.ts';

/** Below the engine's stop grace of 10 s. */
const drainMs = 7_000;
/** The longest silence of a client that is sending a body, or reading an answer. */
export const stallMs = 10_000;
const maxHealthConnections = 200;
/** Loading the SDK keeps the event loop busy for about this long, and a waiting request as well. */
const firstAnswersMs = 50;
/** Eighty readers of large scores at once and as many of small ones, in an eighth of the smallest memory that the lab gives. */
const outboxRoom = { smallAnswersBytes: 8 * 1024 * 1024, largeAnswersBytes: 40 * 1024 * 1024 };

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly healthPort: number;
}

/** What stands in for our own MCP tools where the ways to them are tested, and not the tools. */
export type McpInstead = Pick<McpRouteOptions, 'factory' | 'sessions'>;

export async function startServer(settings: Settings, logger: Logger, instead?: McpInstead): Promise<RunningServer> {
  const parts = createParts(settings, logger);
  // The way to the database takes longest, so it is begun first.
  const databaseTried = parts.start();
  let mcpLoading: Promise<McpRoute> | null = null;
  const mcp = () => (mcpLoading ??= databaseTried.then(() => loadMcp(settings, parts, logger, instead)));
  const users = await openUsersPort(settings, parts, mcp, logger);
  const connection = { host: settings.host, requestTimeoutMs: 10_000, maxConnections: maxHealthConnections };
  const health = await Listener.open(healthApp(parts, parts.metrics.registry), {
    ...connection,
    port: settings.healthPort,
  });
  logger.info({ port: users.port, healthPort: health.port }, 'listening');
  // With one core, what the first correct answer needs comes first: the database, then the answers to
  // requests for scores that came meanwhile, then the MCP SDK (earlier if a request needs it), then a worker.
  await databaseTried;
  await systemClock.sleep(firstAnswersMs);
  await mcp();
  parts.warmUp();
  return {
    port: users.port,
    healthPort: health.port,
    async [Symbol.asyncDispose]() {
      parts.beginStop();
      const drained = await users.stop(drainMs);
      if (!drained) logger.warn({ drainMs }, 'requests were cut at the deadline');
      await parts[Symbol.asyncDispose]();
      await health.stop(100);
    },
  };
}

export function openUsersPort(
  settings: Settings,
  parts: Parts,
  mcp: () => Promise<McpRoute>,
  logger: Logger,
): Promise<Listener> {
  const { limits, host, port, allowedHosts } = settings;
  const { store, spool, metrics, admission } = parts;
  const requestTimeoutMs = limits.request_timeout * 1_000;
  const app = usersApp({
    store,
    spool,
    outbox: new Outbox(outboxRoom, stallMs),
    metrics,
    admission,
    maxBytes: limits.max_request_size,
    stallMs,
    allowedHosts,
    requestTimeoutMs,
    logger,
    mcp,
  });
  const heavyTools = new Set(tools.filter(({ cost }) => cost === 'heavy').map(({ name }) => name));
  const guarded = gate(app, { admission, metrics, heavyTools });
  return Listener.open(guarded, { host, port, requestTimeoutMs, maxConnections: limits.max_connections });
}

async function loadMcp({ limits }: Settings, parts: Parts, logger: Logger, instead?: McpInstead): Promise<McpRoute> {
  const [{ createMcpRoute }, { mcpServerFactory }] = await Promise.all([
    import('./mcp/mcp-route.ts'),
    import('./mcp/mcp-server.ts'),
  ]);
  const factory = mcpServerFactory(tools, parts.runner, parts.library);
  return createMcpRoute({ factory, maxBytes: limits.max_message_size, stallMs, logger, ...instead });
}
