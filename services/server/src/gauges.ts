/** Gauges that read the state of the server's components at each scrape. */
import { metricsIn } from '@encore/kit';
import type { Registry } from 'prom-client';
import type { Admission } from './resilience/admission.ts';
import type { CircuitBreaker } from './resilience/circuit-breaker.ts';
import { type MemoryGuard, memoryLevels } from './resilience/memory-guard.ts';
import type { ScoreCache } from './scores/score-cache.ts';
import type { WorkerPool } from './worker/worker-pool.ts';

export interface GaugeSources {
  admission: Admission;
  /** By the name of the tool, or `database`. */
  breakers: ReadonlyMap<string, CircuitBreaker>;
  memory: MemoryGuard;
  workers: WorkerPool;
  cache: ScoreCache;
  databaseConnections: () => { total: number; idle: number; waiting: number };
  spoolBytes: () => number;
}

const breakerStates = { closed: 0, half_open: 1, open: 2 } as const;

export function registerGauges(registry: Registry, sources: GaugeSources): void {
  const { read, readBy } = metricsIn(registry);
  const gauge = (name: string, help: string, value: () => number): void => read(`encore_server_${name}`, help, value);
  const { admission, memory, workers, cache, databaseConnections } = sources;
  gauge('admitted_requests', 'Requests that occupy a slot.', () => admission.stats.active);
  gauge(
    'queued_requests',
    'Requests that wait for a slot.',
    () => admission.stats.queued + admission.stats.heavy_queued,
  );
  gauge(
    'memory_used_bytes',
    'Memory in use as the memory guard measures it, including child processes.',
    () => memory.reading.usedBytes,
  );
  gauge(
    'memory_limit_bytes',
    'The live limit, or memory_limit_mb if that is smaller.',
    () => memory.reading.limitBytes,
  );
  gauge('memory_level', '0 normal, 1 elevated, 2 high, 3 critical.', () => memoryLevels.indexOf(memory.level));
  gauge('worker_processes', 'Running worker processes.', () => workers.stats.processes);
  gauge('worker_processes_busy', 'Worker processes with a job.', () => workers.stats.busy);
  gauge('worker_jobs_queued', 'Jobs waiting for a worker process.', () => workers.stats.queued);
  gauge(
    'quarantined_documents',
    'Documents refused because they killed their worker too often.',
    () => workers.stats.quarantined,
  );
  gauge('cached_scores', 'Parsed scores in memory.', () => cache.size);
  gauge('cached_scores_bytes', 'Estimated size of the parsed scores in memory.', () => cache.bytes);
  gauge('database_connections', 'Open database connections.', () => databaseConnections().total);
  gauge(
    'database_connections_idle',
    'Open database connections that are not in use.',
    () => databaseConnections().idle,
  );
  gauge('database_queries_queued', 'Queries waiting for a connection.', () => databaseConnections().waiting);
  gauge('spool_bytes', 'Uploads in the scratch folder.', sources.spoolBytes);
  readBy('breaker', 'encore_server_breaker_state', '0 closed, 1 half open, 2 open.', () =>
    [...sources.breakers].map(([breaker, { state }]) => [breaker, breakerStates[state]]),
  );
}
