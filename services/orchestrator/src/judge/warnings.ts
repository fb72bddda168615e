/**
 * Signs that do not decide the verdict but deserve a look: those of the guide ("warning signs") and our own. Each is an
 * expression over the evidence, its source beside it.
 */
import { restartSetupSchema } from '@encore/contracts';
import { describeError } from '@encore/kit';
import { z } from 'zod';
import type { Evidence, SettledFault } from './evidence.ts';
import { isKill } from './fault-record.ts';
import { mayBeOfEngine } from './interventions.ts';
import { crashLacks } from './restart-setup.ts';
import { thresholdsOf, zoneOf } from './rules.ts';
import type { SecondTable } from './second-table.ts';
import { type Span, union } from './span.ts';
import { parseThreshold } from './threshold.ts';
import { counted, list, percentOf } from './words.ts';

/** From the engine at the start of the run; a stored history may lack it. */
const restartSetupsSchema = z.record(z.string(), restartSetupSchema).catch({});

interface WarningSign {
  name: string;
  source: 'guide' | 'encore';
  look(evidence: Evidence): string[];
}

const named = (faults: readonly SettledFault[]): string =>
  list(faults.map(({ record: { fault } }) => `${fault.id} (${fault.kind})`));

export const warningSigns: readonly WarningSign[] = [
  {
    name: 'success_rate_zones',
    source: 'guide',
    look: ({ traffic: { successRate, attemptSuccessRate } }) => [
      ...zoneWarning('attempts (single requests, retries included)', attemptSuccessRate),
      ...zoneWarning('operations', successRate),
    ],
  },
  { name: 'plan_lacks', source: 'encore', look: ({ planWarnings }) => [...planWarnings] },
  { name: 'recovery_near_limit', source: 'guide', look: slowRecoveries },
  { name: 'return_near_limit', source: 'encore', look: slowReturns },
  {
    name: 'memory_near_limit',
    source: 'guide',
    look: ({ resources }) =>
      [...resources.containers]
        .filter(([, { peakShare }]) => peakShare > 0.75)
        .map(
          ([name, { peakShare }]) =>
            `${name} used up to ${percentOf(peakShare)} of its memory limit while no fault took memory away`,
        ),
  },
  {
    name: 'several_breakers_open',
    source: 'guide',
    look: ({ alerts }) =>
      times(alerts.counts.get('several_breakers') ?? 0, 'breakers of several operations were open at once'),
  },
  {
    name: 'injector_failed',
    source: 'encore',
    look: ({ run: { injectorFailures } }) =>
      union(injectorFailures).map(({ fromAt, toAt }) => {
        const [first] = injectorFailures.filter((failure) => failure.fromAt === fromAt);
        const from = new Date(fromAt).toISOString().slice(11, 19);
        return `the injector itself failed for ${((toAt - fromAt) / 1_000).toFixed(1)} s from ${from} UTC (${first?.reason}); the verdict leaves this time out`;
      }),
  },
  {
    name: 'health_mostly_passing',
    source: 'guide',
    look: ({ readyShare }) =>
      readyShare !== null && readyShare < 0.99
        ? [`the server was ready for only ${percentOf(readyShare)} of the control windows`]
        : [],
  },
  {
    name: 'users_fell_behind',
    source: 'encore',
    look: ({ traffic: { totals, successRateOfPlanned: rate } }) =>
      totals.skipped > 0 && rate !== null && rate < 0.95
        ? [
            `users skipped ${counted(totals.skipped, 'operation')}; counted as failures, they make the success rate ${percentOf(rate)}`,
          ]
        : [],
  },
  {
    name: 'errors_at_peaks',
    source: 'guide',
    look: ({ traffic, controlWindows }) => errorsAtPeaks(traffic.seconds, controlWindows),
  },
  {
    name: 'cascading_failures',
    source: 'guide',
    look: ({ faults, run }) =>
      faults.flatMap(({ record: { fault, alsoDied } }) => {
        const died = [...alsoDied].flatMap(([container, at]) => (mayBeOfEngine(at, run) ? [] : container));
        return died.length === 0
          ? []
          : [`${died.join(' and ')} died during ${fault.id} (${fault.kind} of ${fault.target})`];
      }),
  },
  {
    name: 'healed_by_another',
    source: 'encore',
    look: ({ faults, run }) => {
      const lacking = crashLacks(restartSetupsSchema.parse(run.started?.environment['restartSetups']));
      const reason = lacking.length === 0 ? '' : ` (${lacking.join('; ')})`;
      const wrong = faults.filter(({ record, recovery, healedBy }) => {
        const expected = { crash: 'policy', outage: 'supervisor', hang: 'supervisor' }[record.fault.kind as string];
        return expected !== undefined && recovery.state === 'recovered' && healedBy !== expected;
      });
      return wrong.length === 0
        ? []
        : [
            `not healed by the one who should have: ${list(wrong.map(({ record, healedBy }) => `${record.fault.id} (${record.fault.kind}, by ${healedBy ?? 'nobody proven'})`))}${reason}`,
          ];
    },
  },
  {
    name: 'unexplained_failures',
    source: 'encore',
    look: ({ attribution: { unexplained } }) =>
      unexplained === 0 ? [] : [`${counted(unexplained, 'failed attempt')} without a fault to explain it`],
  },
  {
    name: 'ended_early',
    source: 'encore',
    look: ({ faults }) => {
      const early = faults.filter(({ record }) => record.undoCause === 'external');
      const texts = early.map(({ record: { fault, injectedAt, undoneAt } }) => {
        const seconds = ((undoneAt ?? 0) - (injectedAt ?? 0)) / 1_000;
        return `${fault.id} (${fault.kind}) after ${seconds.toFixed(1)} of ${fault.durationSeconds} s`;
      });
      return early.length === 0 ? [] : [`ended by something other than Encore and the system: ${list(texts)}`];
    },
  },
  {
    name: 'skipped_faults',
    source: 'encore',
    look: ({ faults }) => {
      const skipped = faults.filter(({ record }) => record.skipped !== null);
      const of = `${skipped.length.toLocaleString('en-US')} of ${counted(faults.length, 'planned fault')}`;
      return skipped.length === 0 ? [] : [`${of} skipped: ${named(skipped)}`];
    },
  },
  {
    name: 'no_bite',
    source: 'encore',
    look: ({ faults }) => {
      const idle = faults.filter(({ record }) => !isKill(record) && (record.bit === 'no' || record.bit === 'refused'));
      return idle.length === 0 ? [] : [`${counted(idle.length, 'fault')} without visible effect: ${named(idle)}`];
    },
  },
  {
    name: 'monitoring_silent',
    source: 'encore',
    look: ({ faults, monitoring }) => {
      const unseen = faults.filter(({ record: { fault } }) => {
        const found = monitoring?.get(fault.id);
        return found?.state === 'silent' && found.expected;
      });
      return unseen.length === 0 ? [] : [`no alert of Prometheus for faults that must raise one: ${named(unseen)}`];
    },
  },
  {
    name: 'capacity_not_measured',
    source: 'encore',
    look: ({ run: { capacity } }) =>
      capacity?.type === 'capacity_not_measured'
        ? [`what the server can do without faults and users could not be measured: ${capacity.reason}`]
        : [],
  },
  {
    name: 'sources_lost',
    source: 'encore',
    look: ({ run: { sourcesLost } }) => {
      if (sourcesLost.length === 0) return [];
      return [
        `a service was lost from sight (${counted(sourcesLost.length, 'time')}): ${list(
          sourcesLost.map(({ source, reason }) => `${source} (${reason})`),
          3,
        )}`,
      ];
    },
  },
];

export function warningsOf(evidence: Evidence, table: readonly WarningSign[] = warningSigns): string[] {
  return table.flatMap(({ name, look }) => {
    try {
      return look(evidence);
    } catch (error) {
      return [`the sign ${name} could not be looked at: ${describeError(error)}`];
    }
  });
}

function times(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count.toLocaleString('en-US')} × ${what}`];
}

/** The guide speaks of requests, so attempts count in every profile, also where the rules of the verdict count operations. */
function zoneWarning(what: string, rate: number | null): string[] {
  const zone = zoneOf(rate);
  return zone === null ? [] : [`the success rate of ${what} is ${percentOf(rate ?? 0)}: ${zone}`];
}

function slowRecoveries({ faults, settings: { recoveryTimeoutSeconds: limit } }: Evidence): string[] {
  const slow = faults.filter(
    ({ recovery }) => recovery.state === 'recovered' && recovery.seconds > 0.75 * limit && recovery.seconds < limit,
  );
  return slow.length === 0
    ? []
    : [
        `${counted(slow.length, 'recovery', 'recoveries')} took over three quarters of the limit of ${limit} s: ${named(slow)}`,
      ];
}

/** Whoever limps for nearly as long as the rule allows should not pass in silence. */
function slowReturns({ faults, settings, plan }: Evidence): string[] {
  const { back_to_normal_seconds: expression } = thresholdsOf(settings, plan.faults.length > 0);
  if (expression === undefined) return [];
  const { aggregation, operator, limit } = parseThreshold('back_to_normal_seconds', expression);
  if (aggregation !== 'max' || !operator.startsWith('<')) return [];
  const slow = faults.filter(
    ({ backToNormal }) =>
      backToNormal?.state === 'normal' && backToNormal.seconds > 0.75 * limit && backToNormal.seconds < limit,
  );
  return slow.length === 0
    ? []
    : [`the system was back to normal only after over three quarters of the limit of ${limit} s: ${named(slow)}`];
}

/** In the busiest tenth of the control windows' seconds, are errors over 1 % and twice those of the rest? */
function errorsAtPeaks(seconds: SecondTable, windows: readonly Span[]): string[] {
  const rows: { all: number; bad: number }[] = [];
  for (const window of windows) {
    for (let row = seconds.row(window.fromAt) + 1; row < seconds.row(window.toAt); row += 1) {
      const bad = seconds.value('failed', row) + seconds.value('unknown', row);
      const all = bad + seconds.value('ok', row);
      if (all > 0) rows.push({ all, bad });
    }
  }
  rows.sort((a, b) => b.all - a.all);
  const rate = (part: typeof rows): number =>
    part.reduce((sum, { bad }) => sum + bad, 0) /
    Math.max(
      1,
      part.reduce((sum, { all }) => sum + all, 0),
    );
  const peaks = rate(rows.slice(0, Math.ceil(rows.length / 10)));
  const rest = rate(rows.slice(Math.ceil(rows.length / 10)));
  return peaks > 0.01 && peaks > 2 * rest
    ? [`errors rise at peaks: ${percentOf(peaks)} in the busiest tenth, ${percentOf(rest)} else`]
    : [];
}
