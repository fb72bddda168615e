/**
 * Opens the two ports of the server and closes everything in order. The database may become
 * available later.
 */
import { type Logger, systemClock } from '@encore/kit';
import { createComponents, type ServerComponents } from './components.ts';
import type { Settings } from './config.ts';
import { withAdmission } from './http/admission-middleware.ts';
import { healthApp } from './http/health-app.ts';
import { type Listener, openListener } from './http/listener.ts';
import { ResponseBudget } from './http/response-budget.ts';
import { type McpRoute, usersApp } from './http/users-app.ts';
import type { McpRouteOptions } from './mcp/mcp-route.ts';
import { tools } from './tools/index.ts';

/** Below the engine's stop timeout of 10 s. */
const drainMs = 7_000;
/** How long a client may send nothing of its body, or read nothing of its response. */
export const stallMs = 10_000;
const maxHealthConnections = 200;
/**
 * Loading the SDK blocks the event loop for about this long, so pending requests are answered
 * first.
 */
const firstResponsesMs = 50;
/**
 * Enough for 80 concurrent large scores and 128 small ones, in an eighth of the smallest memory
 * limit of the lab.
 */
const responseBudgetLimits = { smallResponsesBytes: 8 * 1024 * 1024, largeResponsesBytes: 40 * 1024 * 1024 };

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly healthPort: number;
}

/** Replaces the server's own MCP tools in tests of the MCP transport. */
export type McpOverrides = Pick<McpRouteOptions, 'factory' | 'sessions'>;

export async function startServer(
  settings: Settings,
  logger: Logger,
  overrides?: McpOverrides,
): Promise<RunningServer> {
  const components = createComponents(settings, logger);
  // Connecting to the database takes longest, so it starts first.
  const migrationAttempted = components.start();
  let mcpLoading: Promise<McpRoute> | null = null;
  const mcp = () => (mcpLoading ??= migrationAttempted.then(() => loadMcp(settings, components, logger, overrides)));
  const users = await openUsersPort(settings, components, mcp, logger);
  const connection = { host: settings.host, requestTimeoutMs: 10_000, maxConnections: maxHealthConnections };
  const health = await openListener(healthApp(components, components.metrics.registry), {
    ...connection,
    port: settings.healthPort,
  });
  logger.info({ port: users.port, healthPort: health.port }, 'listening');
  // On one core the order decides when the first correct response is sent: first the database, then
  // the score requests that arrived meanwhile, then the MCP SDK (earlier if a request needs it),
  // then a worker.
  await migrationAttempted;
  await systemClock.sleep(firstResponsesMs);
  await mcp();
  components.warmUp();
  return {
    port: users.port,
    healthPort: health.port,
    async [Symbol.asyncDispose]() {
      components.beginStop();
      const drained = await users.stop(drainMs);
      if (!drained) logger.warn({ drainMs }, 'requests were aborted at the drain deadline');
      await components[Symbol.asyncDispose]();
      await health.stop(100);
    },
  };
}

export function openUsersPort(
  settings: Settings,
  components: ServerComponents,
  mcp: () => Promise<McpRoute>,
  logger: Logger,
): Promise<Listener> {
  const { limits, host, port, allowedHosts } = settings;
  const { store, spool, metrics, admission } = components;
  const requestTimeoutMs = limits.request_timeout * 1_000;
  const app = usersApp({
    store,
    spool,
    responseBudget: new ResponseBudget(responseBudgetLimits, stallMs),
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
  const guarded = withAdmission(app, { admission, metrics, heavyTools });
  return openListener(guarded, { host, port, requestTimeoutMs, maxConnections: limits.max_connections });
}

async function loadMcp(
  { limits }: Settings,
  components: ServerComponents,
  logger: Logger,
  overrides?: McpOverrides,
): Promise<McpRoute> {
  const [{ createMcpRoute }, { mcpServerFactory }] = await Promise.all([
    import('./mcp/mcp-route.ts'),
    import('./mcp/mcp-server.ts'),
  ]);
  const factory = mcpServerFactory(tools, components.runner, components.library);
  return createMcpRoute({ factory, maxBytes: limits.max_message_size, stallMs, logger, ...overrides });
}
