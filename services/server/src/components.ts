/**
 * Creates and connects the components of the server. Nothing here opens a port or needs a database
 * to exist.
 */
import { type Clock, describeError, type Logger, systemClock } from '@encore/kit';
import { defaultScoreLimits, headBytes } from '@encore/music';
import { createBreakers } from './breakers.ts';
import type { Settings } from './config.ts';
import { Database } from './database/database.ts';
import { migrate } from './database/migration.ts';
import { enforceRetention, type RetentionRules } from './database/retention.ts';
import { ScoreStore } from './database/score-store.ts';
import { type GaugeSources, registerGauges } from './gauges.ts';
import { Spool } from './http/spool.ts';
import { createMetrics, type Metrics, shedLabel } from './metrics.ts';
import { Admission } from './resilience/admission.ts';
import type { CircuitBreaker } from './resilience/circuit-breaker.ts';
import { GarbageCollections } from './resilience/garbage-collections.ts';
import { MemoryGuard, type MemoryLevel } from './resilience/memory-guard.ts';
import { type MemoryReading, readMemory } from './resilience/memory-limit.ts';
import { memoryRelief } from './resilience/memory-relief.ts';
import { overloaded } from './resilience/semaphore.ts';
import { ScoreCache } from './scores/score-cache.ts';
import { loadRunTask, ScoreLibrary } from './scores/score-library.ts';
import { createControl } from './server-control.ts';
import { tools } from './tools/index.ts';
import { ToolRunner } from './tools/tool-runner.ts';
import { WorkerPool } from './worker/worker-pool.ts';

const mebibyte = 1024 * 1024;
/** A lowered limit must be noticed before the next large job uses the memory. */
const memorySampleMs = 250;
/** Below the timeout of 2 s that health checks and probes of the server have. */
const pingTimeoutMs = 1_000;
/** A working database responds in a fraction of this time. */
const firstMigrationWaitMs = 250;

export type ServerComponents = ReturnType<typeof createComponents>;

export function createComponents(settings: Settings, logger: Logger) {
  const { limits } = settings;
  const stop = new AbortController();
  const stopping = (): boolean => stop.signal.aborted;
  const toolNames = tools.map(({ name }) => name);
  const metrics = createMetrics(toolNames);
  const breakers = createBreakers(limits, toolNames, logger);
  const database = createDatabase(settings, breakers.database, metrics, logger);
  let migrated = false;
  const store = createStore(database, metrics, logger);
  const cache = new ScoreCache(limits.cache.scores, limits.cache.megabytes * mebibyte);
  const workers = createWorkers(settings, metrics, logger);
  const memory = createMemoryGuard(settings, cache, workers, logger);
  const heavyRefused = (): boolean => memory.level === 'critical';
  const admission = new Admission({
    limits,
    clock: systemClock,
    heavyRefused,
    stopping,
    onShed: (reason) => metrics.shed.inc({ reason: shedLabel(reason) }),
  });
  const library = createLibrary(settings, store, cache, workers, heavyRefused);
  const spool = new Spool(settings.scratchDir, limits.spool_limit_mb * mebibyte, headBytes);
  const sources: GaugeSources = {
    admission,
    breakers: new Map([['database', breakers.database], ...breakers.tools]),
    memory,
    workers,
    cache,
    databaseConnections: () => database.stats,
    spoolBytes: () => spool.usedBytes,
  };
  registerGauges(metrics.registry, sources);
  const databaseResponds = (): Promise<boolean> => database.ping(pingTimeoutMs);
  const garbageCollections = new GarbageCollections();
  const control = createControl({
    sources,
    garbageCollections,
    clock: systemClock,
    databaseResponds,
    migrated: () => migrated,
    stopping,
  });
  const runner = new ToolRunner({ library, control, admission, breakers: breakers.tools, metrics });
  return {
    ...control,
    metrics,
    admission,
    store,
    library,
    spool,
    runner,
    ready: async (): Promise<boolean> => !stopping() && migrated && (await databaseResponds()),
    /**
     * Starts the background work, migration first. Resolves after the first migration attempt, or
     * after 250 ms.
     */
    start: async (clock: Clock = systemClock): Promise<void> => {
      const background = { clock, logger, signal: stop.signal };
      const attempted = new AbortController();
      void migrate(database, background, (isDone) => {
        migrated = isDone;
        attempted.abort();
      });
      void enforceRetention(database, retentionRules(settings, metrics), background);
      await clock.sleep(firstMigrationWaitMs, attempted.signal).catch(() => {});
    },
    /**
     * Starts a worker process and loads the analyses, so that the first import and analysis need
     * not wait.
     */
    warmUp: (): void => {
      workers.warmUp();
      void loadRunTask();
    },
    /** From now on the server is not ready and refuses heavy work. */
    beginStop: (): void => stop.abort(new Error('the server is stopping')),
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort(new Error('the server is stopping'));
      memory[Symbol.dispose]();
      garbageCollections[Symbol.dispose]();
      await workers[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      for (const breaker of sources.breakers.values()) breaker[Symbol.dispose]();
    },
  };
}

function createDatabase(
  { databaseUrl, limits }: Settings,
  breaker: CircuitBreaker,
  metrics: Metrics,
  logger: Logger,
): Database {
  return new Database({
    url: databaseUrl,
    clock: systemClock,
    connections: limits.database.connections,
    connectTimeoutMs: limits.database.connect_timeout * 1_000,
    queryTimeoutMs: limits.database.query_timeout * 1_000,
    maxWaitMs: limits.queue_timeout * 1_000,
    breaker,
    onFailure: (error) => {
      metrics.databaseErrors.inc();
      logger.debug({ err: describeError(error) }, 'database');
    },
  });
}

function createStore(database: Database, metrics: Metrics, logger: Logger): ScoreStore {
  return new ScoreStore(database, {
    onResolved: () => metrics.resolvedWrites.inc(),
    onCorrupt: (id) => {
      metrics.corruptReads.inc();
      logger.error({ id }, 'stored bytes do not match their hash');
    },
  });
}

function createLibrary(
  { limits }: Settings,
  store: ScoreStore,
  cache: ScoreCache,
  workers: WorkerPool,
  heavyRefused: () => boolean,
): ScoreLibrary {
  return new ScoreLibrary({
    store,
    cache,
    workers,
    limits: { ...defaultScoreLimits, maxBytes: limits.max_request_size },
    assertHeavyAllowed: () => {
      if (heavyRefused()) throw overloaded('the server is low on memory and refuses heavy requests');
    },
  });
}

function createWorkers(settings: Settings, metrics: Metrics, logger: Logger): WorkerPool {
  const { limits } = settings;
  const { processes, heap_mb, max_queued, idle_seconds } = limits.workers;
  return new WorkerPool({
    processes,
    heapMegabytes: heap_mb,
    maxQueued: max_queued,
    // Half of a tool's timeout is for the wait, the other half for the work.
    maxWaitMs: (limits.tool_timeout * 1_000) / 2,
    idleMs: idle_seconds * 1_000,
    clock: systemClock,
    freeBytes: () => {
      const { usedBytes, limitBytes } = memoryOf(settings);
      return limitBytes - usedBytes;
    },
    onDeath: (reason) => {
      metrics.workerDeaths.inc();
      logger.warn({ reason }, 'a worker process ended unexpectedly');
    },
  });
}

function memoryOf({ limits, memoryLimitFile }: Settings): MemoryReading {
  return readMemory({ configuredBytes: limits.memory_limit_mb * mebibyte, limitFile: memoryLimitFile });
}

function createMemoryGuard(settings: Settings, cache: ScoreCache, workers: WorkerPool, logger: Logger): MemoryGuard {
  const { limits } = settings;
  const configuredBytes = limits.memory_limit_mb * mebibyte;
  return new MemoryGuard({
    read: () => memoryOf(settings),
    clock: systemClock,
    everyMs: memorySampleMs,
    relieve: memoryRelief({ cache, cacheBytes: limits.cache.megabytes * mebibyte, workers, clock: systemClock }),
    onChange: (level: MemoryLevel, { usedBytes, limitBytes, source }) => {
      logger.info({ memoryLevel: level, usedBytes, limitBytes, source, configuredBytes }, 'memory level');
    },
  });
}

function retentionRules({ limits }: Settings, metrics: Metrics): RetentionRules {
  return {
    // No request outlives its timeout; the rest is margin.
    unusedMs: limits.request_timeout * 1_000 + 60_000,
    maxAgeMs: limits.retention.max_age_hours * 3_600_000,
    maxTotalBytes: limits.retention.max_total_mb * mebibyte,
    onRemoved: (scores) => metrics.swept.inc(scores),
  };
}
