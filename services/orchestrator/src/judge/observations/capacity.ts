/** The report's capacity section: throughput without faults and users. No rule uses it. */
import type { EventOf, Report } from '@encore/contracts';

export function reportedCapacity(
  event: EventOf<'capacity_measured' | 'capacity_not_measured'> | null,
): Report['capacity'] {
  if (event?.type !== 'capacity_measured') return null;
  const { tool, connections, answered, refused, lost, latencyMs } = event;
  return {
    tool,
    connections,
    duration_seconds: Number(event.seconds.toFixed(3)),
    requests_per_second: Number(event.requestsPerSecond.toFixed(2)),
    answered,
    refused,
    lost,
    latency_ms: latencyMs,
  };
}
