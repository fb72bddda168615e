/** Allowed settings of each fault kind, so that an impossible plan is refused early. */
import type { FaultKind, FaultParams, PlannedFault } from '@encore/contracts';

export interface KindApplicability {
  reads: readonly (keyof FaultParams)[];
}

const reads = (...names: (keyof FaultParams)[]): KindApplicability => ({ reads: names });

export const kindApplicability: Record<FaultKind, KindApplicability> = {
  crash: reads(),
  outage: reads(),
  restart: reads(),
  freeze: reads(),
  hang: reads(),
  'memory-cap': reads('marginBytes'),
  'memory-pressure': reads('marginBytes'),
  'tool-stall': reads(),
  'cpu-throttle': reads('cpus'),
  'disk-full': reads(),
  latency: reads('latencyMs', 'direction'),
  jitter: reads('latencyMs', 'jitterMs', 'direction'),
  bandwidth: reads('kilobytesPerSecond', 'direction'),
  'slow-close': reads('delayMs', 'direction'),
  slicer: reads('sliceBytes', 'sliceDelayMicroseconds', 'direction'),
  'limit-data': reads('bytes', 'direction'),
  timeout: reads('timeoutMs', 'direction'),
  'reset-peer': reads('timeoutMs', 'direction'),
  'connection-refused': reads(),
  partition: reads(),
  'database-down': reads(),
  'database-freeze': reads(),
  'database-latency': reads('latencyMs', 'direction'),
  'traffic-spike': reads('requestsPerSecond'),
};

/** Settings of a `jitter` fault that its rule does not give. */
export const defaultJitter = { latencyMs: 200, jitterMs: 150 };

/** Toxiproxy must be able to drain the data that a toxic delays. */
const maxDelayMs = 1_000;

/** Explains why a fault cannot run as written; null if it can. */
export function applicabilityProblem({ kind, params }: Pick<PlannedFault, 'kind' | 'params'>): string | null {
  const { reads } = kindApplicability[kind];
  const unknown = Object.keys(params).filter((name) => !(reads as readonly string[]).includes(name));
  if (unknown.length > 0)
    return `${kind} does not take ${unknown.join(', ')}; it takes ${reads.join(', ') || 'no settings'}`;
  const { latencyMs = 0, jitterMs = 0 } = kind === 'jitter' ? { ...defaultJitter, ...params } : params;
  if (latencyMs + jitterMs > maxDelayMs)
    return `${kind}: latencyMs plus jitterMs is ${latencyMs + jitterMs}; give at most ${maxDelayMs}, so that Toxiproxy can drain delayed data`;
  return null;
}
