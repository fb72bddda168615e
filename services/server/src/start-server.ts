/** Puts the parts together: database, scores, tools, two ports. Returns at once when both ports listen; the database may come later. */
import { describeError, type Logger, systemClock } from '@encore/kit';
import type { Settings } from './config.ts';
import { Database } from './database/database.ts';
import { Migration } from './database/migration.ts';
import { ScoreStore } from './database/score-store.ts';
import { healthApp } from './http/health-app.ts';
import { Listener } from './http/listener.ts';
import { Spool } from './http/spool.ts';
import { usersApp } from './http/users-app.ts';
import { createMetrics } from './metrics.ts';
import { defaultScoreLimits, importScore } from './music/index.ts';
import { ScoreCache } from './scores/score-cache.ts';
import { ScoreLibrary } from './scores/score-library.ts';
import { tools } from './tools/index.ts';
import { ToolRunner } from './tools/tool-runner.ts';

/** Below the engine's stop grace of 10 s. */
const drainMs = 7_000;
/** The longest silence of a client that is sending a body. */
const stallMs = 10_000;

export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly healthPort: number;
}

export async function startServer(settings: Settings, logger: Logger): Promise<RunningServer> {
  const { limits } = settings;
  const startedAt = systemClock.now();
  const metrics = createMetrics(tools.map((tool) => tool.name));
  const database = new Database({
    url: settings.databaseUrl,
    connections: limits.database.connections,
    connectTimeoutMs: limits.database.connect_timeout * 1_000,
    queryTimeoutMs: limits.database.query_timeout * 1_000,
    onFailure: (error) => {
      metrics.databaseErrors.inc();
      logger.debug({ err: describeError(error) }, 'database');
    },
  });
  const migration = new Migration(database, systemClock, logger);
  const store = new ScoreStore(database, {
    onResolved: () => metrics.resolvedWrites.inc(),
    onCorrupt: (id) => {
      metrics.corruptReads.inc();
      logger.error({ id }, 'stored bytes do not have their hash');
    },
  });
  const cache = new ScoreCache(limits.cache.scores, limits.cache.megabytes * 1024 * 1024);
  const scoreLimits = { ...defaultScoreLimits, maxBytes: limits.max_request_size };
  const library = new ScoreLibrary(store, cache, (bytes, _sha256, signal) => importScore(bytes, scoreLimits, signal));
  const runner = new ToolRunner({ library, metrics, timeoutMs: limits.tool_timeout * 1_000 });
  const spool = new Spool(settings.scratchDir, limits.spool_limit_mb * 1024 * 1024, 4_096);
  const mcp = Promise.withResolvers<import('./mcp/mcp-route.ts').McpRoute>();
  const app = usersApp({
    store,
    spool,
    metrics,
    maxBytes: limits.max_request_size,
    stallMs,
    allowedHosts: settings.allowedHosts,
    requestTimeoutMs: limits.request_timeout * 1_000,
    logger,
    mcp: mcp.promise,
  });
  const connection = { host: settings.host, requestTimeoutMs: limits.request_timeout * 1_000 };
  const users = await Listener.open(app, {
    ...connection,
    port: settings.port,
    maxConnections: limits.max_connections,
  });
  let stopping = false;
  const health = healthApp(
    {
      ready: async () => !stopping && migration.done && (await answers(database)),
      detailed: async () => ({
        status: stopping ? 'stopping' : migration.done ? 'healthy' : 'unhealthy',
        uptime_seconds: (systemClock.now() - startedAt) / 1_000,
        database: database.stats,
        cache: { scores: cache.size, bytes: cache.bytes },
        spool_bytes: spool.usedBytes,
        memory_mb: process.memoryUsage.rss() / 1024 / 1024,
      }),
    },
    metrics.registry,
  );
  const healthPort = await Listener.open(health, { ...connection, port: settings.healthPort, maxConnections: 200 });
  migration.start();
  const { createMcpRoute } = await import('./mcp/mcp-route.ts');
  const { mcpServerFactory } = await import('./mcp/mcp-server.ts');
  mcp.resolve(
    createMcpRoute({ factory: mcpServerFactory(tools, runner), maxBytes: limits.max_message_size, stallMs, logger }),
  );
  logger.info({ port: users.port, healthPort: healthPort.port }, 'listening');
  return {
    port: users.port,
    healthPort: healthPort.port,
    async [Symbol.asyncDispose]() {
      stopping = true;
      const drained = await users.stop(drainMs);
      if (!drained) logger.warn({ drainMs }, 'requests were cut at the deadline');
      migration.stop();
      await healthPort.stop(100);
      await database[Symbol.asyncDispose]();
    },
  };
}

async function answers(database: Database): Promise<boolean> {
  return database.query('select 1').then(
    () => true,
    () => false,
  );
}
