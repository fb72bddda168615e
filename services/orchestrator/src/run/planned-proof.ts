/**
 * What a run with this plan can prove if all goes well, for `--dry-run`: the smallest rate that
 * each rule would detect. The report repeats it with the counts that the run reached.
 */

import { behaviourOf, isKill, type Plan, type RunConfig } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { settlingMs } from '../judge/collect/integrity.ts';
import { secondsWithin } from '../judge/events/span.ts';
import { boundText, shownPerHour, upperBound } from '../judge/rules/confidence.ts';

/** Null for a rule that is not `count==0`, other than that of recoveries. */
export function plannedProof(metric: string, rule: string, config: RunConfig, plan: Plan): string | null {
  const { faults } = plan;
  if (metric === 'recovery_seconds') {
    const kills = faults.filter(isKill).length;
    const [trials, what] = kills > 0 ? [kills, 'kills'] : [faults.length, 'faults'];
    const bound = boundText(upperBound(0, trials));
    return trials === 0
      ? null
      : `if all ${trials} ${what} recover, the failure rate is at most ${bound} at 95 % confidence`;
  }
  if (rule.replaceAll(' ', '') !== 'count==0') return null;
  const operations = operationsIn(totalSeconds(plan), config);
  const ifWrites = ', if each writes (nothing if none does)';
  switch (metric) {
    case 'lost_writes':
    case 'corrupt_writes':
    case 'duplicate_writes':
      return faults.length === 0
        ? shown(operations, 'operations', ifWrites)
        : shown(operationsIn(exposedSeconds(plan), config), 'operations around faults', ifWrites);
    case 'phantom_writes':
      return shown(operations, 'operations', ifWrites);
    case 'wrong_answers':
    case 'unexplained_failures':
    case 'sheds':
    case 'skipped_operations':
      return shown(operations, 'operations', '');
    case 'forced_stops':
      return shown(faults.filter((fault) => behaviourOf(fault).graceful).length, 'graceful restarts', '');
    case 'unexpected_exits':
      return `detects ${Number(shownPerHour(totalSeconds(plan) / 3_600).toPrecision(3))} per hour or more`;
    case 'leaks':
    case 'external_containers':
    case 'manual_interventions':
      return shown(faults.length, 'faults', '');
    default:
      return null;
  }
}

function shown(trials: number, what: string, condition: string): string {
  if (trials === 0) return `detects nothing: the plan has no ${what}`;
  const count = what.startsWith('operations')
    ? `about ${trials.toLocaleString('en-US')} ${what}`
    : pluralize(trials, what.replace(/s$/, ''));
  return `detects ${boundText(upperBound(0, trials))} or more of ${count}${condition}`;
}

/** A user starts one operation per think time, whatever the system answers. */
function operationsIn(seconds: number, { users, load: { thinkSeconds } }: RunConfig): number {
  return Math.round((seconds * users * 2) / (thinkSeconds.min + thinkSeconds.max));
}

/** During the ramp, half of the users are active on average. */
function totalSeconds({ rampSeconds, steadySeconds }: Plan): number {
  return rampSeconds / 2 + steadySeconds;
}

/** From shortly before each fault to its planned end; its recovery is not known in advance. */
function exposedSeconds({ faults, steadySeconds }: Plan): number {
  const spans = faults.map(({ atSeconds, durationSeconds }) => ({
    fromAt: atSeconds * 1_000 - settlingMs,
    toAt: (atSeconds + durationSeconds) * 1_000,
  }));
  return secondsWithin({ fromAt: 0, toAt: steadySeconds * 1_000 }, spans);
}
