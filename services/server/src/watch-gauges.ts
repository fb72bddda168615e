/** Gauges that are read when Prometheus asks: what the parts of the server say about themselves. */
import { Gauge, type Registry } from 'prom-client';
import type { Admission } from './resilience/admission.ts';
import type { CircuitBreaker } from './resilience/circuit-breaker.ts';
import { type MemoryGuard, memoryLevels } from './resilience/memory-guard.ts';
import type { ScoreCache } from './scores/score-cache.ts';
import type { WorkerPool } from './worker/worker-pool.ts';

export interface Watched {
  admission: Admission;
  breakers: readonly CircuitBreaker[];
  memory: MemoryGuard;
  workers: WorkerPool;
  cache: ScoreCache;
  databaseConnections: () => { total: number; idle: number; waiting: number };
  spoolBytes: () => number;
}

/** The tool's own name, as all other metrics have it: `tool_KeyAnalysis` guards `key_analysis`. */
const guardedBy = (breaker: string): string =>
  breaker
    .replace(/^tool_/, '')
    .replaceAll(/\B[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();

const breakerStates = { closed: 0, half_open: 1, open: 2 } as const;

export function watchGauges(registry: Registry, watched: Watched): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name: `encore_server_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  const { admission, memory, workers, cache, databaseConnections } = watched;
  gauge('admitted_requests', 'Requests that hold a place.', () => admission.stats.active);
  gauge(
    'queued_requests',
    'Requests that wait for a place.',
    () => admission.stats.queued + admission.stats.heavy_queued,
  );
  gauge('memory_used_bytes', 'As the memory guard counts it, children included.', () => memory.reading.usedBytes);
  gauge(
    'memory_limit_bytes',
    'The live limit, or memory_limit_mb when that is smaller.',
    () => memory.reading.limitBytes,
  );
  gauge('memory_level', '0 normal, 1 elevated, 2 high, 3 critical.', () => memoryLevels.indexOf(memory.level));
  gauge('worker_processes', 'Worker processes that are running.', () => workers.stats.processes);
  gauge('worker_processes_busy', 'Worker processes with a job.', () => workers.stats.busy);
  gauge('worker_jobs_queued', 'Jobs that wait for a worker process.', () => workers.stats.queued);
  gauge('quarantined_documents', 'Documents that killed their worker too often.', () => workers.stats.quarantined);
  gauge('cached_scores', 'Parsed scores in memory.', () => cache.size);
  gauge('cached_scores_bytes', 'What the parsed scores in memory take.', () => cache.bytes);
  gauge('database_connections', 'Open connections.', () => databaseConnections().total);
  gauge('database_connections_idle', 'Open connections that nobody uses.', () => databaseConnections().idle);
  gauge('database_queries_queued', 'Queries that wait for a connection.', () => databaseConnections().waiting);
  gauge('spool_bytes', 'Uploads in the scratch folder.', watched.spoolBytes);
  new Gauge({
    name: 'encore_server_breaker_state',
    help: '0 closed, 1 half open, 2 open.',
    labelNames: ['breaker'] as const,
    registers: [registry],
    collect() {
      for (const breaker of watched.breakers)
        this.set({ breaker: guardedBy(breaker.name) }, breakerStates[breaker.state]);
    },
  });
}
