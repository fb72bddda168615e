/** What a plan lacks although its settings seem to ask for it. No reason to refuse it, but its author should know before the run. */
import type { Plan, RunConfig } from '@encore/contracts';
import { kindTiming } from './kind-timing.ts';

export function planWarnings({ faults, steadySeconds }: Plan, config: RunConfig): string[] {
  const { schedule, control, killIntervalMinutes } = config;
  if (schedule !== undefined || control === 'server-down' || faults.some(({ kind }) => kindTiming[kind].kill))
    return [];
  const minutes = (value: number): string => `${Number(value.toFixed(1))} min`;
  const firstMinutes = killIntervalMinutes / 2;
  return [
    `no kill is planned: with --kill-interval ${killIntervalMinutes} the first one would come ${minutes(firstMinutes)} into the steady load, which lasts ${minutes(steadySeconds / 60)}; take a shorter interval or more hours`,
  ];
}
