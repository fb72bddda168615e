/**
 * Warnings: observations that do not affect the verdict. Some come from the guide ("warning
 * signs"), the others are our own.
 */
import { isKill, restartSetupSchema, runConfigSchema } from '@encore/contracts';
import { describeError, pluralize, upstreamOf } from '@encore/kit';
import { planWarnings } from '@encore/plan';
import { z } from 'zod';
import { list, percentText, timeOfDayText } from '../../text.ts';
import { mayBeOfEngine } from '../collect/interventions.ts';
import { type Span, union } from '../events/span.ts';
import type { FinalizedFault } from '../faults/finalize.ts';
import { thresholdsOf, zoneOf } from '../rules/rules.ts';
import { parseThreshold } from '../rules/threshold.ts';
import type { ObservedRun } from './observers.ts';
import { missingRestartOptions, restartsAfterCrash } from './restart-setup.ts';
import type { SecondTable } from './second-table.ts';

/** Reported by the engine at the start of the run; missing in older histories. */
const restartSetupsSchema = z.record(z.string(), restartSetupSchema).catch({});

interface Warning {
  name: string;
  /** Returns the texts of the warning; an empty one, or none, if it does not apply. */
  find(evidence: ObservedRun): string | string[];
}

const named = (faults: readonly FinalizedFault[]): string =>
  list(faults.map(({ record: { fault } }) => `${fault.id} (${fault.kind})`));

export const warnings: readonly Warning[] = [
  {
    name: 'success_rate_zones',
    find: ({ traffic: { successRate, attemptSuccessRate } }) => [
      zoneWarning('attempts (single requests, including retries)', attemptSuccessRate),
      zoneWarning('operations', successRate),
    ],
  },
  { name: 'plan_gaps', find: planGaps },
  { name: 'recovery_near_limit', find: slowRecoveries },
  { name: 'return_near_limit', find: slowReturns },
  {
    name: 'memory_near_limit',
    find: ({ resources }) =>
      [...resources.containers]
        .filter(([, { peakShare }]) => peakShare > 0.75)
        .map(
          ([name, { peakShare }]) =>
            `${name} used up to ${percentText(peakShare)} of its memory limit while no fault reduced its memory`,
        ),
  },
  {
    name: 'several_breakers_open',
    find: ({ alerts }) => {
      const count = alerts.list.filter(({ name }) => name === 'several_breakers').length;
      return count === 0
        ? ''
        : `circuit breakers of several operations were open at once (${pluralize(count, 'time')})`;
    },
  },
  {
    name: 'injector_failed',
    find: ({ run: { injectorFailures } }) => [
      ...union(injectorFailures).map(({ fromAt, toAt }) => {
        const [first] = injectorFailures.filter((failure) => failure.fromAt === fromAt);
        return `the injector itself failed for ${((toAt - fromAt) / 1_000).toFixed(1)} s from ${timeOfDayText(fromAt)} UTC (${first?.reason}); the verdict excludes this time`;
      }),
      ...momentaryFailures(injectorFailures),
    ],
  },
  {
    name: 'health_mostly_passing',
    find: ({ readyShare, plan }) =>
      readyShare !== null && readyShare < 0.99
        ? `${plan.system.recoveryOf} was ready for only ${percentText(readyShare)} of the fault-free windows`
        : '',
  },
  {
    name: 'users_fell_behind',
    find: ({ traffic: { totals, successRateOfPlanned: rate } }) =>
      totals.skipped > 0 && rate !== null && rate < 0.95
        ? `users skipped ${pluralize(totals.skipped, 'operation')}; with these counted as failures, the success rate is ${percentText(rate)}`
        : '',
  },
  {
    name: 'errors_at_peaks',
    find: ({ seconds, faultFreeWindows }) => errorsAtPeaks(seconds, faultFreeWindows),
  },
  {
    name: 'cascading_failures',
    find: ({ faults, run }) =>
      faults.flatMap(({ record: { fault, alsoDied } }) => {
        const died = [...alsoDied].flatMap(([container, at]) => (mayBeOfEngine(at, run) ? [] : container));
        return died.length === 0
          ? []
          : [`${died.join(' and ')} died during ${fault.id} (${fault.kind} of ${fault.target})`];
      }),
  },
  {
    name: 'recovered_by_another',
    find: ({ faults, run }) => {
      const wrong = faults.filter(({ record, recovery, recoveredBy }) => {
        const { kind, params } = record.fault;
        const ofOutage = params.until === 'revert' ? 'revert' : 'supervisor';
        const expected = { crash: 'restart-policy', outage: ofOutage, hang: 'supervisor' }[kind as string];
        return expected !== undefined && recovery.state === 'recovered' && recoveredBy !== expected;
      });
      const missing = [
        ...missingRestartOptions(restartSetupsSchema.parse(run.started?.environment['restartSetups'])),
        ...lostPolicies(run, Math.max(...wrong.map(({ record }) => record.injectedAt ?? 0))),
      ];
      const reason = missing.length === 0 ? '' : ` (${missing.join('; ')})`;
      const causes = wrong.map(
        ({ record: { fault }, recoveredBy }) => `${fault.id} (${fault.kind}, by ${recoveredBy ?? 'an unknown cause'})`,
      );
      return wrong.length === 0 ? '' : `not recovered by the expected mechanism: ${list(causes)}${reason}`;
    },
  },
  {
    name: 'proxies_bypassed',
    find: ({ clients }) =>
      [...clients.bypassed].map(
        ([proxy, names]) =>
          `${[...names].join(' and ')} bypassed the proxy ${proxy}, so network faults there do not reach all connections; connect by the name ${upstreamOf(proxy)} instead of an address`,
      ),
  },
  {
    name: 'unexplained_failures',
    find: ({ attribution: { unexplained } }) =>
      unexplained === 0 ? '' : `${pluralize(unexplained, 'failed attempt')} not explained by any fault`,
  },
  {
    name: 'ended_early',
    find: ({ faults }) => {
      const early = faults.filter(({ record }) => record.revertCause === 'external');
      const texts = early.map(({ record: { fault, injectedAt, revertedAt } }) => {
        const seconds = ((revertedAt ?? 0) - (injectedAt ?? 0)) / 1_000;
        return `${fault.id} (${fault.kind}) after ${seconds.toFixed(1)} of ${fault.durationSeconds} s`;
      });
      return early.length === 0
        ? ''
        : `faults ended early by something other than Encore or the system: ${list(texts)}`;
    },
  },
  {
    name: 'skipped_faults',
    find: ({ faults }) => {
      const skipped = faults.filter(({ record }) => record.skipped !== null);
      const of = `${skipped.length.toLocaleString('en-US')} of ${pluralize(faults.length, 'planned fault')}`;
      return skipped.length === 0 ? '' : `${of} skipped: ${named(skipped)}`;
    },
  },
  {
    name: 'faults_without_effect',
    find: ({ faults }) => {
      const idle = faults.filter(
        ({ record }) => !isKill(record.fault) && (record.effect === 'absent' || record.effect === 'refused'),
      );
      return idle.length === 0 ? '' : `${pluralize(idle.length, 'fault')} had no effect: ${named(idle)}`;
    },
  },
  {
    name: 'monitoring_silent',
    find: ({ faults, monitoring }) => {
      const unseen = faults.filter(({ record: { fault } }) => {
        const found = monitoring?.get(fault.id);
        return found?.state === 'silent' && found.expected;
      });
      return unseen.length === 0 ? '' : `no Prometheus alert for faults that must raise one: ${named(unseen)}`;
    },
  },
  {
    name: 'capacity_not_measured',
    find: ({ run: { capacity } }) =>
      capacity?.type === 'capacity_not_measured'
        ? `the capacity of the system could not be measured: ${capacity.reason}`
        : '',
  },
  {
    name: 'sources_lost',
    find: ({ run: { sourcesLost } }) => {
      const texts = sourcesLost.map(({ source, reason }) => `${source} (${reason})`);
      return texts.length === 0
        ? ''
        : `lost contact with a service (${pluralize(texts.length, 'time')}): ${list(texts, 3)}`;
    },
  },
];

export function warningsOf(evidence: ObservedRun, table: readonly Warning[] = warnings): string[] {
  return table.flatMap(({ name, find }) => {
    try {
      return [find(evidence)].flat().filter((text) => text !== '');
    } catch (error) {
      return [`the warning ${name} could not be evaluated: ${describeError(error)}`];
    }
  });
}

/** Restart policies that were changed before this time to one that does not cover a crash. */
function lostPolicies({ restartPolicies }: ObservedRun['run'], beforeAt: number): string[] {
  const lost = restartPolicies.filter(({ at, policy }) => at < beforeAt && !restartsAfterCrash(policy));
  return lost.map(
    ({ target, at, policy }) => `${target} had restart: ${policy} from ${timeOfDayText(at)} UTC (required: always)`,
  );
}

/** Failures without a duration, which exclude no time from the verdict. */
function momentaryFailures(failures: ObservedRun['run']['injectorFailures']): string[] {
  const moments = failures.filter(({ fromAt, toAt }) => toAt <= fromAt);
  if (moments.length === 0) return [];
  const texts = moments.map(({ fromAt, reason }) => `${reason} (at ${timeOfDayText(fromAt)} UTC)`);
  return [`the injector itself failed (${pluralize(moments.length, 'time')}): ${list(texts, 3)}`];
}

/** The guide counts requests, so attempts have this warning, too, in every profile. */
function zoneWarning(what: string, rate: number | null): string {
  const zone = zoneOf(rate);
  return zone === null ? '' : `the success rate of ${what} is ${percentText(rate ?? 0)}: ${zone}`;
}

/** Repeats the plan warnings of preflight; none if the recorded settings are invalid. */
function planGaps({ plan, run }: ObservedRun): string[] {
  const settings = runConfigSchema.safeParse(run.started?.config);
  return settings.success ? planWarnings(plan, settings.data) : [];
}

/** True if the time exceeds three quarters of the limit, but not the limit. */
const isNear = (seconds: number, limit: number): boolean => seconds > 0.75 * limit && seconds < limit;

function slowRecoveries({ faults, settings: { recoveryTimeoutSeconds: limit } }: ObservedRun): string {
  const slow = faults.filter(({ recovery }) => recovery.state === 'recovered' && isNear(recovery.seconds, limit));
  const count = pluralize(slow.length, 'recovery', 'recoveries');
  return slow.length === 0 ? '' : `${count} took more than 75 % of the ${limit} s limit: ${named(slow)}`;
}

/** Warns of a system that is abnormal for nearly as long as the rule allows. */
function slowReturns({ faults, settings, plan }: ObservedRun): string {
  const { back_to_normal_seconds: expression } = thresholdsOf(settings, plan.faults.length > 0);
  if (expression === undefined) return '';
  const { aggregation, operator, limit } = parseThreshold('back_to_normal_seconds', expression);
  if (aggregation !== 'max' || !operator.startsWith('<')) return '';
  const slow = faults.filter(({ backToNormal: back }) => back?.state === 'normal' && isNear(back.seconds, limit));
  return slow.length === 0
    ? ''
    : `the system took more than 75 % of the ${limit} s limit to return to normal: ${named(slow)}`;
}

/** Warns if errors in the busiest tenth of fault-free seconds exceed 1 % and twice the rest. */
function errorsAtPeaks(seconds: SecondTable, windows: readonly Span[]): string {
  const rows: { all: number; bad: number }[] = [];
  for (const window of windows) {
    for (let row = seconds.row(window.fromAt) + 1; row < seconds.row(window.toAt); row += 1) {
      const bad = seconds.value('bad', row);
      const all = bad + seconds.value('ok', row);
      if (all > 0) rows.push({ all, bad });
    }
  }
  rows.sort((a, b) => b.all - a.all);
  const sum = (part: typeof rows, what: 'all' | 'bad'): number => part.reduce((total, row) => total + row[what], 0);
  const rate = (part: typeof rows): number => sum(part, 'bad') / Math.max(1, sum(part, 'all'));
  const peaks = rate(rows.slice(0, Math.ceil(rows.length / 10)));
  const rest = rate(rows.slice(Math.ceil(rows.length / 10)));
  return peaks > 0.01 && peaks > 2 * rest
    ? `errors rise at peak load: ${percentText(peaks)} in the busiest tenth of seconds, ${percentText(rest)} otherwise`
    : '';
}
