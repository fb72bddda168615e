/** Lists every reason not to run a plan; empty if there is none. The caller decides what to do. */
import type { Plan, RunConfig } from '@encore/contracts';
import { layOut } from './layout.ts';
import { lastRecoverySeconds } from './run-times.ts';
import { minFaultFreeShare } from './thin-out.ts';

const minBestSuccessRate = 0.97;
/** Limits how many dropped faults of one rule are listed. */
const maxListed = 3;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const hoursText = (seconds: number): string => `${Math.ceil((seconds / 3_600) * 1_000) / 1_000} h`;

export function refusePlan(plan: Plan, config: RunConfig): string[] {
  const problems: string[] = [];
  const needed = lastRecoverySeconds(config);
  // Nothing fits into such a run, so no other problem matters.
  if (plan.steadySeconds <= needed)
    return [
      `hours: ${config.hours} h with a ramp of ${config.rampSeconds} s leaves ${plan.steadySeconds} s of steady load, but more than ${needed} s is needed; use more than ${hoursText(config.rampSeconds + needed)}, or a profile with a shorter ramp`,
    ];
  // That plan consists of one fault over the whole run, by design.
  if (config.control === 'server-down') return problems;
  if (!config.allowInfeasiblePlan && plan.bestSuccessRate < minBestSuccessRate)
    problems.push(
      `schedule: the estimated best success rate of this plan is ${percent(plan.bestSuccessRate)}, below the required ${percent(minBestSuccessRate)}; make outages shorter or less frequent, or set allowInfeasiblePlan: true`,
    );
  if (config.control === 'noop-faults' && plan.faults.length === 0)
    problems.push(
      'control: noop-faults needs planned faults, and the schedule has none; remove the control or the empty schedule',
    );
  // An empty schedule asks for load alone. Any other schedule without a planned fault is a mistake,
  // and a pass without faults would be misleading.
  if (plan.faults.length === 0 && config.schedule?.length !== 0 && problems.length === 0)
    problems.push(
      `schedule: no fault fits into ${plan.steadySeconds} s of steady load; use more hours, shorter intervals, or \`schedule: []\` for load alone`,
    );
  const layout = layOut(config, plan.system);
  if (!config.allowInfeasiblePlan && layout.faultFreeShare < minFaultFreeShare && plan.faults.length > 0)
    problems.push(
      `schedule: only ${percent(layout.faultFreeShare)} of the time is free of faults and recoveries, less than ${percent(minFaultFreeShare)}; plan fewer faults, or set allowInfeasiblePlan: true`,
    );
  const fixed = new Set(config.schedule?.filter(({ when }) => 'atSeconds' in when).map(({ name }) => name));
  const dropped = layout.unplaced.filter(({ rule, isKill }) => isKill || fixed.has(rule));
  for (const [rule, faults] of Map.groupBy(dropped, (fault) => fault.rule)) {
    for (const { kind, atSeconds, reason } of faults.slice(0, maxListed))
      problems.push(`schedule: ${kind} of rule ${rule} at ${atSeconds} s does not fit: ${reason}`);
    if (faults.length > maxListed)
      problems.push(`schedule: ${faults.length - maxListed} more faults of rule ${rule} do not fit`);
  }
  return problems;
}
