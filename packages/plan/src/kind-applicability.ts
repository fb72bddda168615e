/** Allowed targets and settings of each fault kind, so that an impossible plan is refused early. */
import type { FaultKind, FaultParams, PlannedFault, Target } from '@encore/contracts';

export interface KindApplicability {
  targets: readonly Target[];
  reads: readonly (keyof FaultParams)[];
}

const scope = (targets: readonly Target[], reads: readonly (keyof FaultParams)[] = []): KindApplicability => ({
  targets,
  reads,
});

export const kindApplicability: Record<FaultKind, KindApplicability> = {
  crash: scope(['server']),
  outage: scope(['server']),
  restart: scope(['server']),
  freeze: scope(['server']),
  hang: scope(['server']),
  'memory-cap': scope(['server'], ['marginBytes']),
  'memory-pressure': scope(['server'], ['marginBytes']),
  'tool-stall': scope(['server']),
  'cpu-throttle': scope(['server'], ['cpus']),
  'disk-full': scope(['server']),
  latency: scope(['server:8000', 'postgres:5432'], ['latencyMs', 'direction']),
  jitter: scope(['server:8000', 'postgres:5432'], ['latencyMs', 'jitterMs', 'direction']),
  bandwidth: scope(['server:8000'], ['kilobytesPerSecond', 'direction']),
  'slow-close': scope(['server:8000'], ['delayMs', 'direction']),
  slicer: scope(['server:8000'], ['sliceBytes', 'sliceDelayMicroseconds', 'direction']),
  'limit-data': scope(['server:8000'], ['bytes', 'direction']),
  timeout: scope(['server:8000', 'postgres:5432'], ['timeoutMs', 'direction']),
  'reset-peer': scope(['server:8000', 'postgres:5432'], ['timeoutMs', 'direction']),
  'connection-refused': scope(['server:8000', 'postgres:5432']),
  partition: scope(['server']),
  'database-down': scope(['postgres']),
  'database-freeze': scope(['postgres']),
  'database-latency': scope(['postgres:5432'], ['latencyMs', 'direction']),
  'traffic-spike': scope(['server'], ['requestsPerSecond']),
};

/** Settings of a `jitter` fault that its rule does not give. */
export const defaultJitter = { latencyMs: 200, jitterMs: 150 };

/** Toxiproxy must be able to drain the data that a toxic delays. */
const maxDelayMs = 1_000;

/** Explains why a fault cannot run as written; null if it can. */
export function applicabilityProblem({
  kind,
  target,
  params,
}: Pick<PlannedFault, 'kind' | 'target' | 'params'>): string | null {
  const { targets, reads } = kindApplicability[kind];
  if (!targets.includes(target)) return `${kind} cannot target ${target}; its target is ${targets.join(' or ')}`;
  const unknown = Object.keys(params).filter((name) => !(reads as readonly string[]).includes(name));
  if (unknown.length > 0)
    return `${kind} does not take ${unknown.join(', ')}; it takes ${reads.join(', ') || 'no settings'}`;
  const { latencyMs = 0, jitterMs = 0 } = kind === 'jitter' ? { ...defaultJitter, ...params } : params;
  if (latencyMs + jitterMs > maxDelayMs)
    return `${kind}: latencyMs plus jitterMs is ${latencyMs + jitterMs}; give at most ${maxDelayMs}, so that Toxiproxy can drain delayed data`;
  return null;
}
