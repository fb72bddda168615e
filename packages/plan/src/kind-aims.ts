/** What each kind may be aimed at, and which settings it reads: so that a plan that cannot be run is refused before it starts. */
import type { FaultKind, FaultParams, PlannedFault, Target } from '@encore/contracts';

export interface KindAim {
  targets: readonly Target[];
  reads: readonly (keyof FaultParams)[];
}

const aim = (targets: readonly Target[], reads: readonly (keyof FaultParams)[] = []): KindAim => ({ targets, reads });

export const kindAims: Record<FaultKind, KindAim> = {
  crash: aim(['server']),
  outage: aim(['server']),
  restart: aim(['server']),
  freeze: aim(['server']),
  hang: aim(['server']),
  'memory-cap': aim(['server'], ['marginBytes']),
  'memory-pressure': aim(['server'], ['marginBytes']),
  'tool-stall': aim(['server']),
  'cpu-throttle': aim(['server'], ['cpus']),
  'disk-full': aim(['server']),
  latency: aim(['client-link', 'database-link'], ['latencyMs', 'direction']),
  jitter: aim(['client-link', 'database-link'], ['latencyMs', 'jitterMs', 'direction']),
  bandwidth: aim(['client-link'], ['kilobytesPerSecond', 'direction']),
  'slow-close': aim(['client-link'], ['delayMs', 'direction']),
  slicer: aim(['client-link'], ['sliceBytes', 'sliceDelayMicroseconds', 'direction']),
  'limit-data': aim(['client-link'], ['bytes', 'direction']),
  timeout: aim(['client-link', 'database-link'], ['timeoutMs', 'direction']),
  'reset-peer': aim(['client-link', 'database-link'], ['timeoutMs', 'direction']),
  'connection-refused': aim(['client-link', 'database-link']),
  partition: aim(['server']),
  'database-down': aim(['postgres']),
  'database-freeze': aim(['postgres']),
  'database-latency': aim(['database-link'], ['latencyMs', 'direction']),
  'traffic-surge': aim(['server'], ['requestsPerSecond']),
};

/** What stands for the settings of a jitter that its author leaves out. */
export const usualJitter = { latencyMs: 200, jitterMs: 150 };

/** Toxiproxy must be able to drain what a toxic holds. */
const maxDelayMs = 1_000;

/** Why a fault cannot be run as it is written, in words; null when it can. */
export function aimProblem({ kind, target, params }: Pick<PlannedFault, 'kind' | 'target' | 'params'>): string | null {
  const { targets, reads } = kindAims[kind];
  if (!targets.includes(target)) return `${kind} strikes ${targets.join(' or ')}, not ${target}`;
  const unread = Object.keys(params).filter((name) => !(reads as readonly string[]).includes(name));
  if (unread.length > 0)
    return `${kind} does not read ${unread.join(', ')}; it reads ${reads.join(', ') || 'no settings'}`;
  const { latencyMs = 0, jitterMs = 0 } = kind === 'jitter' ? { ...usualJitter, ...params } : params;
  if (latencyMs + jitterMs > maxDelayMs)
    return `${kind}: latency and jitter together must stay within ${maxDelayMs} ms, for what is held must drain`;
  return null;
}
