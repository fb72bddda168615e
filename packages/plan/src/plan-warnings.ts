/** Warns of faults that the settings suggest and the plan lacks. They do not prevent a run. */
import { isKill, type Plan, type RunConfig } from '@encore/contracts';
import { kindRefusal } from './kind-refusal.ts';
import { layOut } from './layout.ts';

export function planWarnings(plan: Plan, config: RunConfig): string[] {
  if (config.control === 'server-down' || plan.faults.length === 0) return [];
  const kills = killsMissing(plan, config);
  const { empty } = layOut(config, plan.system);
  const others = kills.length > 0 ? empty.filter((name) => name !== 'kills') : empty;
  return [...kills, ...others.map((name) => `no fault of schedule rule ${name} fits into this run; ${advice}`)];
}

const advice = 'use more hours, or shorter faults and intervals';

function killsMissing({ faults, steadySeconds, system }: Plan, { schedule, killIntervalMinutes }: RunConfig): string[] {
  if (schedule !== undefined || faults.some(isKill)) return [];
  const { recoveryOf } = system;
  if ((['crash', 'outage'] as const).every((kind) => kindRefusal(system, recoveryOf, kind) !== null))
    return [`no kill is planned: the system description allows neither crash nor outage of ${recoveryOf}`];
  const minutes = (value: number): string => `${Number(value.toFixed(1))} min`;
  const firstMinutes = killIntervalMinutes / 2;
  return [
    `no kill is planned: with --kill-interval ${killIntervalMinutes} the first one would be due ${minutes(firstMinutes)} into the steady load, which lasts ${minutes(steadySeconds / 60)}; use a shorter interval or more hours`,
  ];
}
