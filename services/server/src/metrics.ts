/**
 * The server's metrics. Every series starts at 0, and every label has a small fixed set of values.
 */
import { createRegistry, metricsIn } from '@encore/kit';
import type { Registry } from 'prom-client';

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
  const { counter, gauge, histogram } = metricsIn(registry);
  const metrics = {
    registry: registry as Registry,
    requests: counter(
      'encore_server_http_requests_total',
      'Completed requests on the users’ port, by route and status class.',
      'route',
      'status',
    ),
    durations: histogram(
      'encore_server_http_request_duration_seconds',
      'Time from the request head to the end of the response.',
      buckets,
      'route',
    ),
    active: gauge('encore_server_active_requests', 'Admitted requests whose response is not complete.'),
    shed: counter('encore_server_shed_total', 'Requests refused to protect the server, by reason.', 'reason'),
    toolCalls: counter('encore_server_tool_calls_total', 'Completed tool calls, by tool and result.', 'tool', 'result'),
    toolDurations: histogram('encore_server_tool_duration_seconds', 'Duration of one tool call.', buckets, 'tool'),
    workerDeaths: counter('encore_server_worker_deaths_total', 'Worker processes that ended unexpectedly.'),
    swept: counter(
      'encore_server_swept_scores_total',
      'Scores removed because of their age or the total size of all scores.',
    ),
    databaseErrors: counter(
      'encore_server_database_errors_total',
      'Queries that failed because the database was unreachable, unresponsive, full or refusing connections.',
    ),
    resolvedWrites: counter(
      'encore_server_resolved_writes_total',
      'Writes whose response from the database was lost and recovered by idempotency key.',
    ),
    corruptReads: counter(
      'encore_server_corrupt_reads_total',
      'Reads refused because the bytes did not match their stored hash.',
    ),
    bytesStored: counter('encore_server_stored_bytes_total', 'Bytes of acknowledged writes.'),
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
