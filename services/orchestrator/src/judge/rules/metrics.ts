/** Metrics for rules, computed from the evidence. `of`: number of trials behind a figure. */
import { isKill } from '@encore/contracts';
import { pluralize, replicasOf, withoutNumber } from '@encore/kit';
import { z } from 'zod';
import { list, percentText, timeOfDayText } from '../../text.ts';
import { type Intervention, isBeyondDoubt } from '../collect/interventions.ts';
import { readBackDisagreements } from '../collect/run-facts.ts';
import type { Evidence } from '../evidence.ts';
import { type FaultRecord, isDown } from '../faults/fault-record.ts';
import { maxReturnMs, overlapReason } from '../faults/return-to-normal.ts';
import { recoveredText } from './confidence.ts';
import type { MetricName } from './metric-table.ts';

export type Figure =
  /** With `of`, a share of this many trials. */
  | { shape: 'value'; value: number | null; of?: number; note?: string }
  /** `what` names the trials. Events without trials are counted per hour of `hours`. */
  | { shape: 'count'; count: number | null; of?: number; what?: string; hours?: number; note?: string }
  /** `tooFew`: too many samples are missing to meet a rule. */
  | { shape: 'trend'; samples: number[]; of?: number; tooFew?: boolean; note?: string };

export const metrics: Record<MetricName, (evidence: Evidence) => Figure> = {
  success_rate: ({ traffic, plan }) => ({
    ...shareOf(traffic.operationCount, traffic.successRate),
    ...(plan.faults.length > 0 && {
      note: `about ${percentText(plan.bestSuccessRate)} expected of a system without weaknesses`,
    }),
  }),
  success_rate_of_planned: ({ traffic }) => shareOf(traffic.plannedCount, traffic.successRateOfPlanned),
  attempt_success_rate: ({ traffic }) => shareOf(traffic.attemptCount, traffic.attemptSuccessRate),
  availability: ({ availability }) => shareOf(availability.probes, availability.overall),
  availability_fault_free: ({ availability: { faultFreeWindows, faultFreeProbes, faultFreeFailures: note } }) => ({
    ...shareOf(faultFreeProbes, faultFreeWindows),
    ...(note === undefined ? {} : { note }),
  }),
  availability_without_sheds: ({ availability: { probesWithoutSheds, withoutSheds } }) =>
    shareOf(probesWithoutSheds, withoutSheds),
  longest_outage_seconds: ({ availability }) => ({ shape: 'value', value: availability.longestOutageSeconds }),
  recovery_seconds: recoverySeconds,
  detection_seconds: detectionSeconds,
  back_to_normal_seconds: backToNormalSeconds,
  lost_writes: (evidence) => provenCount('lost', evidence),
  corrupt_writes: (evidence) => provenCount('corrupt', evidence),
  duplicate_writes: (evidence) => provenCount('duplicate', evidence),
  phantom_writes: (evidence) => provenCount('phantom', evidence),
  leaks: ({ run: { hygiene }, faults }) => ({
    shape: 'count',
    count: hygiene && hygiene.leakedToxics + hygiene.leakedPauses + hygiene.limitsNotRestored,
    ...injected(faults),
  }),
  external_containers: ({ run: { hygiene }, faults }) => ({
    shape: 'count',
    count: hygiene?.externalContainersTouched ?? null,
    ...injected(faults),
  }),
  manual_interventions: (evidence) => ({
    ...interventionCount(evidence.interventions.manual, evidence),
    ...injected(evidence.faults),
  }),
  unexpected_exits: (evidence) => ({
    ...interventionCount(evidence.interventions.unexpectedExits, evidence),
    hours: evidence.observedSeconds / 3_600,
  }),
  forced_stops: (evidence) => ({
    ...interventionCount(evidence.interventions.forcedStops, evidence),
    of: evidence.faults.filter(({ record }) => record.behaviour.graceful && record.injectedAt !== null).length,
    what: 'graceful restarts',
  }),
  unexplained_failures: ({ attribution, traffic }) => countOf(attempts(traffic), attribution.unexplained),
  wrong_answers: ({ traffic }) => countOf(attempts(traffic), traffic.wrongAnswers),
  sheds: ({ traffic }) => countOf(attempts(traffic), traffic.attempts.get('shed') ?? 0),
  skipped_operations: ({ traffic }) =>
    countOf({ of: traffic.plannedCount, what: 'planned operations' }, traffic.totals.skipped),
  memory_slope_bytes_per_hour: ({ resources, plan }) => ({
    shape: 'value',
    value: highest(replicasOf(plan.system, plan.system.recoveryOf).map((name) => resources.slopeOf(name))),
  }),
  memory_floor_slope_bytes_per_hour: ({ floor }) => ({ shape: 'value', value: floor.slopeLowerBoundBytesPerHour }),
  memory_peak_share: ({ resources, plan }) => ({
    shape: 'value',
    value: highest(
      replicasOf(plan.system, plan.system.recoveryOf).map((name) => resources.containers.get(name)?.peakShare ?? null),
    ),
  }),
};

function shareOf(trials: number, value: number | null): Figure {
  return { shape: 'value', value, of: trials };
}

/** Unknown without trials. */
function countOf(trials: { of: number; what: string }, count: number): Figure {
  return { shape: 'count', count: trials.of === 0 ? null : count, ...trials };
}

function attempts({ attemptCount }: Evidence['traffic']): { of: number; what: string } {
  return { of: attemptCount, what: 'attempts' };
}

function injected(faults: Evidence['faults']): { of: number; what: string } {
  return { of: faults.filter(({ record }) => record.injectedAt !== null).length, what: 'injected faults' };
}

/** Null if one is unknown: with replicas, a rule holds for each of them. */
function highest(values: readonly (number | null)[]): number | null {
  return values.includes(null) ? null : Math.max(...values.map((value) => value ?? 0));
}

/** Unknown if all events are ambiguous: those neither prove nor rule out an intervention. */
function interventionCount(events: readonly Intervention[], evidence: Evidence): Figure {
  const certain = events.filter((event) => isBeyondDoubt(event, evidence));
  const isObserved = evidence.run.engineLosses.length === 0;
  const isKnown = evidence.run.started !== null && (certain.length > 0 || (events.length === 0 && isObserved));
  const texts = certain.map(
    ({ at, target, action, detail }) =>
      `${action === 'die' ? 'exit' : action} of ${target} at ${timeOfDayText(at)}${detail === undefined ? '' : ` (${detail})`}`,
  );
  return {
    shape: 'count',
    count: isKnown ? certain.length : null,
    ...(texts.length === 0 ? {} : { note: list(texts) }),
  };
}

const targetsSchema = z.array(z.string()).catch([]);

function recoverySeconds({ faults, settings, run }: Evidence): Figure {
  const withoutPolicy = targetsSchema.parse(run.started?.environment['withoutRestartPolicy']);
  const recoveries = faults.flatMap(({ record, recovery }) => {
    if (recovery.state === 'recovered') return [{ record, seconds: recovery.seconds }];
    return recovery.state === 'not_recovered' ? [{ record, seconds: Number.POSITIVE_INFINITY }] : [];
  });
  const missing = recoveries.filter(({ seconds }) => seconds === Number.POSITIVE_INFINITY);
  const missingTexts = (what: string, down: boolean): string[] => {
    const texts = missing
      .filter(({ record }) => isDown(record) === down)
      .map(({ record }) => {
        const hasNoPolicy = isKill(record.fault) && withoutPolicy.includes(withoutNumber(record.container));
        return `${faultText(record)}${hasNoPolicy ? ', which has no restart policy (restart: no)' : ''}`;
      });
    return texts.length === 0 ? [] : [`${what} after ${list(texts)}`];
  };
  const [slowest] = recoveries.toSorted((a, b) => b.seconds - a.seconds);
  const kills = recoveries.filter(({ record }) => isKill(record.fault));
  const [trials, what] = kills.length > 0 ? [kills, 'kills'] : [recoveries, 'faults'];
  const inTime = trials.filter(({ seconds }) => seconds < settings.recoveryTimeoutSeconds);
  const notes = [
    ...missingTexts('no correct response', false),
    ...missingTexts('the target did not start again', true),
    ...(missing.length > 0 || slowest === undefined ? [] : [`slowest: ${slowestText(slowest.record, faults)}`]),
    ...(trials.length === 0 ? [] : [recoveredText(inTime.length, trials.length, what)]),
  ];
  const samples = recoveries.map(({ seconds }) => seconds);
  return { shape: 'trend', samples, of: samples.length, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) };
}

const faultText = ({ fault: { id, kind, target } }: FaultRecord): string => `${id} ${kind} of ${target}`;

/** A fault on another target that began in the meantime may have ended the outage, by a restart. */
function slowestText(record: FaultRecord, faults: Evidence['faults']): string {
  const { clockStartsAt: fromAt, firstSuccessAt: toAt, container } = record;
  const meanwhile = faults.filter(
    ({ record: { injectedAt: at, container: other } }) =>
      other !== container && at !== null && fromAt !== null && toAt !== null && at > fromAt && at < toAt,
  );
  const others = meanwhile.map((one) => faultText(one.record));
  return `${faultText(record)}${others.length === 0 ? '' : `, which ended only after ${list(others)} had begun`}`;
}

function detectionSeconds({ faults }: Evidence): Figure {
  const samples = faults.flatMap(({ record: { detectedAt, injectedAt } }) =>
    detectedAt === null || injectedAt === null ? [] : [(detectedAt - injectedAt) / 1_000],
  );
  return { shape: 'trend', samples };
}

/**
 * A censored return does not count, unless its lower bound exceeds all measured values: then that
 * bound is a sample, as the true value is larger still. If fewer than half are measured, there is
 * too little data to meet a rule. That share leaves out faults that ended during another one: of
 * overlapping faults, the last one to end is measured for all.
 */
function backToNormalSeconds({ faults }: Evidence): Figure {
  const samples: number[] = [];
  const bounds: number[] = [];
  const never: string[] = [];
  const reasons = new Map<string, number>();
  let slowest = { seconds: -1, name: '' };
  for (const { record, backToNormal } of faults) {
    const name = `${record.fault.id} (${record.fault.kind})`;
    if (backToNormal?.state === 'normal') {
      const { seconds } = backToNormal;
      samples.push(seconds);
      if (seconds > slowest.seconds) slowest = { seconds, name };
    }
    if (backToNormal?.state === 'never') {
      samples.push(Number.POSITIVE_INFINITY);
      never.push(name);
    }
    if (backToNormal?.state === 'censored') {
      const seconds = backToNormal.atLeastSeconds;
      bounds.push(seconds);
      if (seconds > slowest.seconds) slowest = { seconds, name: `${name}, which took at least this long` };
      reasons.set(backToNormal.reason, (reasons.get(backToNormal.reason) ?? 0) + 1);
    }
  }
  const of = samples.length + bounds.length;
  const measured = samples.length;
  const longest = Math.max(0, ...samples);
  samples.push(...bounds.filter((bound) => bound > longest));
  const notes = [
    never.length === 0 ? '' : `not within ${maxReturnMs / 1_000} s after ${list(never)}`,
    slowest.name === '' || never.length > 0 ? '' : `slowest after ${slowest.name}`,
    bounds.length === 0
      ? ''
      : `measured for ${measured} of ${pluralize(of, 'recovery', 'recoveries')}; unknown for the others because ${list(
          [...reasons].map(([reason, count]) => `${reason} first (${count})`),
        )}`,
  ].filter((note) => note !== '');
  return {
    shape: 'trend',
    samples,
    of,
    tooFew: measured < bounds.length - (reasons.get(overlapReason) ?? 0),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

/**
 * A zero needs a read-back of every acknowledged object (else null); a violation does not. A
 * missing or different object counts only if the read-back has found one as it was written.
 */
export function provenFindings(
  finding: 'lost' | 'corrupt' | 'duplicate' | 'phantom',
  { integrity, run }: Pick<Evidence, 'integrity' | 'run'>,
): number | null {
  const { finalReadBack, checks, readBackMatched } = run;
  if ((finding === 'lost' || finding === 'corrupt') && integrity[finding] > 0 && !readBackMatched) return null;
  const isComplete =
    (finding !== 'phantom' || checks.phantoms) &&
    finalReadBack !== null &&
    integrity.entries > 0 &&
    integrity.unverified === 0 &&
    readBackDisagreements(finalReadBack, integrity).length === 0;
  return integrity[finding] > 0 || isComplete ? integrity[finding] : null;
}

/** A fault can destroy the writes around it; a run without faults has only the others. */
function provenCount(finding: Parameters<typeof provenFindings>[0], evidence: Evidence): Figure {
  const { integrity, exposedWrites, plan } = evidence;
  const trials =
    plan.faults.length === 0 || finding === 'phantom'
      ? { of: integrity.readBack, what: 'acknowledged objects' }
      : { of: exposedWrites, what: 'writes in flight or acknowledged around a fault' };
  return { shape: 'count', count: provenFindings(finding, evidence), ...trials };
}
