/** Removes placed faults until enough time is fault-free and total outages are far enough apart. */
import { behaviourOf, type ScheduleRule } from '@encore/contracts';
import type { Random } from '@encore/kit';
import type { Span, TimeLine } from './time-line.ts';

export type RuleFault = ScheduleRule['faults'][number];

/** A fault of a rule with its position on the timeline. */
export interface Placed extends Span {
  rule: ScheduleRule;
  fault: RuleFault;
}

/** Minimum share of the steady phase without faults and recoveries. */
export const minFaultFreeShare = 0.3;
/** Among this many consecutive faults of a random schedule rule, at most one is a total outage. */
export const outageSpacing = 4;

/** Receives each removed fault and the reason. */
export type OnRemoved = (removed: Placed, reason: string) => void;

const tooLittleFaultFree = `less than ${minFaultFreeShare * 100} % of the steady load would be free of faults`;
const outagesTooClose = 'two total outages would be too close together';

/** Removes faults of random rules, at random, until enough time is fault-free. Fixed times stay. */
export function thinOut(line: TimeLine<Placed>, steadyMs: number, random: Random, onRemoved: OnRemoved): void {
  const maxOccupiedMs = steadyMs * (1 - minFaultFreeShare);
  const candidates = line.spans.filter(({ rule }) => 'betweenSeconds' in rule.when);
  for (;;) {
    const occupiedMs = line.occupiedMs(steadyMs);
    if (occupiedMs <= maxOccupiedMs || candidates.length === 0) break;
    // Removing half of the estimated excess per round keeps this fast for dense plans.
    const excess = ((occupiedMs - maxOccupiedMs) / occupiedMs) * candidates.length;
    for (let count = Math.max(1, Math.floor(excess / 2)); count > 0; count -= 1) {
      const [removed] = candidates.splice(random.integer(0, candidates.length - 1), 1);
      if (removed === undefined) continue;
      line.remove(removed);
      onRemoved(removed, tooLittleFaultFree);
    }
  }
  spreadOutages(line, onRemoved);
}

/** Removes the later of two total outages that lost the milder faults between them. */
function spreadOutages(line: TimeLine<Placed>, onRemoved: OnRemoved): void {
  const since = new Map<ScheduleRule, number>();
  for (const placed of [...line.spans]) {
    const { rule } = placed;
    const drawn = 'betweenSeconds' in rule.when && rule.pick === 'weighted';
    if (!drawn || rule.faults.every((fault) => behaviourOf(fault).totalOutage)) continue;
    const count = (since.get(rule) ?? outageSpacing) + 1;
    const outage = behaviourOf(placed.fault).totalOutage;
    if (outage && count < outageSpacing) {
      line.remove(placed);
      onRemoved(placed, outagesTooClose);
    } else since.set(rule, outage ? 0 : count);
  }
}
