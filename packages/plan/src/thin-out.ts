/** Takes placed faults away again, where there are too many for the control windows or total outages came too near each other. */
import type { ScheduleRule } from '@encore/contracts';
import type { Random } from '@encore/kit';
import { kindTiming } from './kind-timing.ts';
import type { Span, TimeLine } from './time-line.ts';

export type RuleFault = ScheduleRule['faults'][number];

/** A fault of a rule with its place on the time line. */
export interface Placed extends Span {
  rule: ScheduleRule;
  fault: RuleFault;
}

/** Of the steady phase, so much must be free of faults and of their recovery. */
export const minControlShare = 0.3;
/** In any so many faults of one random schedule rule, one may be a total outage. */
export const outageSpacing = 4;

/** A placed fault that was taken away again, and why. */
export type OnRemoved = (removed: Placed, reason: string) => void;

const tooLittleFaultFree = `less than ${minControlShare * 100} % of the steady load would be free of faults`;
const outagesTooNear = 'two total outages would be too near to each other';

/** Random faults go by lot, until the control windows have their share; those with a time of their own stay. */
export function thinOut(line: TimeLine<Placed>, steadyMs: number, random: Random, onRemoved: OnRemoved): void {
  const wantedMs = steadyMs * (1 - minControlShare);
  const candidates = line.spans.filter(({ rule }) => 'betweenSeconds' in rule.when);
  for (;;) {
    const occupiedMs = line.occupiedMs(steadyMs);
    if (occupiedMs <= wantedMs || candidates.length === 0) break;
    // Half of the estimated excess at once keeps this quick for dense plans; near the end it is one at a time.
    const excess = ((occupiedMs - wantedMs) / occupiedMs) * candidates.length;
    for (let count = Math.max(1, Math.floor(excess / 2)); count > 0; count -= 1) {
      const [removed] = candidates.splice(random.integer(0, candidates.length - 1), 1);
      if (removed === undefined) continue;
      line.remove(removed);
      onRemoved(removed, tooLittleFaultFree);
    }
  }
  spreadOutages(line, onRemoved);
}

/** Where delays between two total outages were thinned out, the later outage goes too. */
function spreadOutages(line: TimeLine<Placed>, onRemoved: OnRemoved): void {
  const since = new Map<ScheduleRule, number>();
  for (const placed of [...line.spans]) {
    const { rule } = placed;
    const drawn = 'betweenSeconds' in rule.when && rule.pick === 'weighted';
    if (!drawn || rule.faults.every((fault) => kindTiming[fault.kind].totalOutage)) continue;
    const count = (since.get(rule) ?? outageSpacing) + 1;
    const outage = kindTiming[placed.fault.kind].totalOutage;
    if (outage && count < outageSpacing) {
      line.remove(placed);
      onRemoved(placed, outagesTooNear);
    } else since.set(rule, outage ? 0 : count);
  }
}
