/** The health report and the memory cleanup behind GET /health/detailed and two tools. */
import type { ServerHealth } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { collectGarbage } from '@encore/kit/collect-garbage';
import type { GaugeSources } from './gauges.ts';
import type { GarbageCollections } from './resilience/garbage-collections.ts';
import type { ServerControl } from './tools/tool.ts';

export interface ControlOptions {
  sources: GaugeSources;
  garbageCollections: GarbageCollections;
  clock: Clock;
  databaseResponds: () => Promise<boolean>;
  migrated: () => boolean;
  stopping: () => boolean;
}

export function createControl({
  sources,
  garbageCollections,
  clock,
  databaseResponds,
  migrated,
  stopping,
}: ControlOptions): ServerControl {
  const { admission, breakers, memory, workers, cache } = sources;
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
      const report: Omit<ServerHealth, 'status'> = {
        uptime_seconds: (clock.now() - startedAt) / 1_000,
        memory: { level: memory.level, used_bytes: usedBytes, limit_bytes: limitBytes, source },
        requests: admission.stats,
        circuit_breakers: Object.fromEntries(
          Array.from(breakers.values(), ({ name, state, recent }) => [name, { state, recent }]),
        ),
        database: { answers: await databaseResponds(), migrated: migrated(), ...sources.databaseConnections() },
        workers: workers.stats,
        cache: { scores: cache.size, bytes: cache.bytes },
        collections: { count: garbageCollections.count, bytes_after: garbageCollections.bytesAfter },
        spool_bytes: sources.spoolBytes(),
      };
      return { status: stopping() ? 'stopping' : statusOf(report), ...report };
    },
  };
}

function statusOf({ memory, database, circuit_breakers }: Omit<ServerHealth, 'status'>): ServerHealth['status'] {
  if (!database.answers || !database.migrated) return 'unhealthy';
  const breakerOpen = Object.values(circuit_breakers).some(({ state }) => state !== 'closed');
  return breakerOpen || memory.level === 'high' || memory.level === 'critical' ? 'degraded' : 'healthy';
}
