/**
 * The server's metrics. Every series starts at 0, and every label has a small fixed set of values.
 */
import { createRegistry } from '@encore/kit';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export const routes = ['mcp', 'score_put', 'score_get', 'score_delete', 'scores_list', 'other'] as const;
export type Route = (typeof routes)[number];
const statusClasses = ['2xx', '4xx', '5xx', 'aborted'] as const;
export const shedReasons = ['OVERLOADED', 'RATE_LIMITED', 'DRAINING', 'MEMORY'] as const;
export type ShedReason = (typeof shedReasons)[number];
/** Label values are in lower case, like the outcomes that the load generator counts. */
export const shedLabel = (reason: ShedReason): string => reason.toLowerCase();
const toolResults = ['ok', 'caller_fault', 'failed', 'rejected'] as const;
export type ToolResult = (typeof toolResults)[number];
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60];

export function createMetrics(toolNames: readonly string[]) {
  const registry = createRegistry('server');
  const registers = [registry];
  const metrics = {
    registry: registry as Registry,
    requests: new Counter({
      name: 'encore_server_http_requests_total',
      help: 'Completed requests on the users’ port, by route and status class.',
      labelNames: ['route', 'status'] as const,
      registers,
    }),
    durations: new Histogram({
      name: 'encore_server_http_request_duration_seconds',
      help: 'Time from the request head to the end of the response.',
      labelNames: ['route'] as const,
      buckets,
      registers,
    }),
    active: new Gauge({
      name: 'encore_server_active_requests',
      help: 'Admitted requests whose response is not complete.',
      registers,
    }),
    shed: new Counter({
      name: 'encore_server_shed_total',
      help: 'Requests refused to protect the server, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    toolCalls: new Counter({
      name: 'encore_server_tool_calls_total',
      help: 'Completed tool calls, by tool and result.',
      labelNames: ['tool', 'result'] as const,
      registers,
    }),
    toolDurations: new Histogram({
      name: 'encore_server_tool_duration_seconds',
      help: 'Duration of one tool call.',
      labelNames: ['tool'] as const,
      buckets,
      registers,
    }),
    workerDeaths: new Counter({
      name: 'encore_server_worker_deaths_total',
      help: 'Worker processes that ended unexpectedly.',
      registers,
    }),
    swept: new Counter({
      name: 'encore_server_swept_scores_total',
      help: 'Scores removed because of their age or the total size of all scores.',
      registers,
    }),
    databaseErrors: new Counter({
      name: 'encore_server_database_errors_total',
      help: 'Queries that failed because the database was unreachable, unresponsive, full or refusing connections.',
      registers,
    }),
    resolvedWrites: new Counter({
      name: 'encore_server_resolved_writes_total',
      help: 'Writes whose response from the database was lost and recovered by idempotency key.',
      registers,
    }),
    corruptReads: new Counter({
      name: 'encore_server_corrupt_reads_total',
      help: 'Reads refused because the bytes did not match their stored hash.',
      registers,
    }),
    bytesStored: new Counter({
      name: 'encore_server_stored_bytes_total',
      help: 'Bytes of acknowledged writes.',
      registers,
    }),
  };
  for (const route of routes) {
    for (const status of statusClasses) metrics.requests.inc({ route, status }, 0);
    metrics.durations.zero({ route });
  }
  for (const reason of shedReasons) metrics.shed.inc({ reason: shedLabel(reason) }, 0);
  for (const tool of toolNames) {
    for (const result of toolResults) metrics.toolCalls.inc({ tool, result }, 0);
    metrics.toolDurations.zero({ tool });
  }
  return metrics;
}
export type Metrics = ReturnType<typeof createMetrics>;

export function statusClass(status: number, finished: boolean): (typeof statusClasses)[number] {
  if (!finished) return 'aborted';
  if (status >= 500) return '5xx';
  return status >= 400 ? '4xx' : '2xx';
}
