/**
 * Preflight check of the load generator's capacity. Its own delays would count as the server's, so
 * a run with an overloaded generator is INCONCLUSIVE.
 */

import type { RunConfig } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { generatorLimits } from '../../judge/collect/generator.ts';
import { ok, type PreflightCheck, warn } from './preflight-check.ts';

const usersPerCore = 200;
/** The generator is idle here: a quarter of the run's limit shows that the machine is busy. */
const idleDelayMs = generatorLimits.eventLoopDelayP99Ms / 4;

export function generatorCheck(
  cores: number,
  { users }: RunConfig,
  eventLoopDelayP99Ms: number | null,
): PreflightCheck {
  const name = 'load generator capacity';
  const delay = eventLoopDelayP99Ms === null ? 'not measured' : `${Math.round(eventLoopDelayP99Ms)} ms`;
  const found = `${pluralize(cores, 'core')} for ${pluralize(users, 'user')}; event loop delay while idle (p99): ${delay}`;
  const fix = (action: string): string => `${action}: a load generator at its limit makes the run INCONCLUSIVE`;
  if (eventLoopDelayP99Ms === null || eventLoopDelayP99Ms > idleDelayMs)
    return warn(name, found, fix('stop other work on this machine'));
  if (cores < 2 || users > cores * usersPerCore)
    return warn(name, found, fix(cores < 2 ? 'use a machine with at least 2 cores' : 'lower --users'));
  return ok(name, found);
}

/** Parses the event loop delay (ms) from a service's metrics; null if not sampled. */
export function eventLoopDelayP99Ms(metrics: string): number | null {
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds\{.*\} (\S+)$/m.exec(metrics) ?? [];
  // NaN until the first sample.
  return Number.isFinite(Number(seconds ?? Number.NaN)) ? Number(seconds) * 1_000 : null;
}
