/** What the server says about itself, and what it can give up when asked: behind GET /health/detailed and two tools. */
import type { ServerHealth } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { collectGarbage } from './resilience/collect-garbage.ts';
import type { Collections } from './resilience/collections.ts';
import type { ServerControl } from './tools/tool.ts';
import type { Watched } from './watch-gauges.ts';

export interface ControlOptions {
  watched: Watched;
  collections: Collections;
  clock: Clock;
  databaseAnswers: () => Promise<boolean>;
  migrated: () => boolean;
  stopping: () => boolean;
}

export function createControl({
  watched,
  collections,
  clock,
  databaseAnswers,
  migrated,
  stopping,
}: ControlOptions): ServerControl {
  const { admission, breakers, memory, workers, cache } = watched;
  const startedAt = clock.now();
  return {
    cleanup: () => {
      const dropped = cache.size;
      const before = memory.reading.usedBytes;
      cache.clear();
      workers.endIdle();
      collectGarbage();
      memory.sample();
      return { scores_dropped: dropped, used_bytes_before: before, used_bytes_after: memory.reading.usedBytes };
    },
    health: async () => {
      const { usedBytes, limitBytes, source } = memory.reading;
      const parts: Omit<ServerHealth, 'status'> = {
        uptime_seconds: (clock.now() - startedAt) / 1_000,
        memory: { level: memory.level, used_bytes: usedBytes, limit_bytes: limitBytes, source },
        requests: admission.stats,
        circuit_breakers: Object.fromEntries(breakers.map(({ name, state, recent }) => [name, { state, recent }])),
        database: { answers: await databaseAnswers(), migrated: migrated(), ...watched.databaseConnections() },
        workers: workers.stats,
        cache: { scores: cache.size, bytes: cache.bytes },
        collections: { count: collections.count, bytes_after: collections.bytesAfter },
        spool_bytes: watched.spoolBytes(),
      };
      return { status: stopping() ? 'stopping' : statusOf(parts), ...parts };
    },
  };
}

function statusOf({ memory, database, circuit_breakers }: Omit<ServerHealth, 'status'>): ServerHealth['status'] {
  if (!database.answers || !database.migrated) return 'unhealthy';
  const breakerOpen = Object.values(circuit_breakers).some(({ state }) => state !== 'closed');
  return breakerOpen || memory.level === 'high' || memory.level === 'critical' ? 'degraded' : 'healthy';
}
