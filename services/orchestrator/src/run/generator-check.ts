/** Has the load generator room for these users? Its own lateness would be taken for the server's, so a run without room is INCONCLUSIVE. */

import type { RunConfig } from '@encore/contracts';
import { generatorLimits } from '../judge/generator.ts';
import { counted } from '../judge/words.ts';
import type { Check } from './lab-checks.ts';

const usersPerCore = 200;
/** It has nothing to do yet: a quarter of what a run allows is gone already when the machine itself is late. */
const idleDelayMs = generatorLimits.eventLoopDelayP99Ms / 4;

export function generatorCheck(cores: number, { users }: RunConfig, eventLoopDelayP99Ms: number | null): Check {
  const name = 'load generator capacity';
  const delay = eventLoopDelayP99Ms === null ? 'not measured' : `${Math.round(eventLoopDelayP99Ms)} ms`;
  const found = `${counted(cores, 'core')} for ${counted(users, 'user')}; its event loop is late by ${delay} (p99) while it has nothing to do`;
  const fix = (what: string): string => `the generator may be the bottleneck, which makes a run INCONCLUSIVE: ${what}`;
  if (eventLoopDelayP99Ms === null || eventLoopDelayP99Ms > idleDelayMs)
    return { name, state: 'warn', found, fix: fix('close other work on this machine') };
  if (cores < 2 || users > cores * usersPerCore) return { name, state: 'warn', found, fix: fix('take fewer --users') };
  return { name, state: 'ok', found };
}

/** From a service's own metrics, in the text format of Prometheus. */
export function eventLoopDelayP99Ms(metrics: string): number | null {
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds\{.*\} (\S+)$/m.exec(metrics) ?? [];
  // Nothing was sampled yet: the figure is then no number.
  return Number.isFinite(Number(seconds ?? Number.NaN)) ? Number(seconds) * 1_000 : null;
}
