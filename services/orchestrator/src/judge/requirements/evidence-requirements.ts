/**
 * The evidence requirements. If one is not met, the run is INCONCLUSIVE. Each is a pure function of
 * the evidence that returns what is missing, one text per gap. One that throws counts as not met.
 */
import { type EventOf, isKill } from '@encore/contracts';
import { describeError, pluralize } from '@encore/kit';
import { share } from '../../figures.ts';
import { list, percentText } from '../../text.ts';
import { generatorLimits } from '../collect/generator.ts';
import { runOf } from '../collect/integrity.ts';
import { readBackDisagreements, readBackFindings } from '../collect/run-facts.ts';
import { secondsWithin } from '../events/span.ts';
import type { Evidence } from '../evidence.ts';
import { isUnsupported } from '../faults/fault-record.ts';
import type { FinalizedFault } from '../faults/finalize.ts';
import type { Finding } from '../finding.ts';

interface EvidenceRequirement {
  name: string;
  /** True if an early end alone explains the gap, so an interrupted run may have it. */
  waivedIfInterrupted?: true;
  /** Returns what is missing; empty if the requirement is met. */
  missing(evidence: Evidence): string[];
}

const label = ({ record: { fault } }: FinalizedFault): string => `${fault.id} (${fault.kind} of ${fault.target})`;

export const evidenceRequirements: readonly EvidenceRequirement[] = [
  {
    name: 'history_intact',
    missing: ({ problems }) => [...problems],
  },
  {
    name: 'run_complete',
    missing: ({ run }) => {
      if (run.started === null) return ['the history does not record how the run began'];
      if (run.ended === null) return ['the history does not record how the run ended'];
      return run.ended.status === 'aborted' ? [`the run was aborted: ${run.ended.reason ?? 'no reason given'}`] : [];
    },
  },
  {
    name: 'plan_followed',
    missing: ({ run, plan }) =>
      run.started === null || run.started.planHash === plan.hash
        ? []
        : [
            `the run announced plan ${run.started.planHash.slice(0, 12)}, but the file contains ${plan.hash.slice(0, 12)}`,
          ],
  },
  {
    name: 'kills_confirmed',
    missing: ({ faults }) =>
      describeFaults(
        faults.filter(
          (fault) => isKill(fault.record.fault) && wasAttempted(fault) && fault.record.effect !== 'confirmed',
        ),
        'kill',
        'had no confirmed effect',
      ),
  },
  {
    name: 'kinds_confirmed',
    waivedIfInterrupted: true,
    missing: kindsWithoutEffect,
  },
  {
    name: 'faults_confirmed',
    waivedIfInterrupted: true,
    missing: ({ faults }) => {
      const supported = faults.filter(({ record }) => !isUnsupported(record));
      const confirmed = supported.filter(({ record }) => record.effect === 'confirmed').length;
      const part = share(confirmed, supported.length) ?? 1;
      return part < 0.95
        ? [
            `only ${confirmed} of ${pluralize(supported.length, 'fault')} had a confirmed effect (${percentText(part)}, required: at least 95 %)`,
          ]
        : [];
    },
  },
  {
    name: 'recoveries_measured',
    waivedIfInterrupted: true,
    missing: ({ faults }) =>
      faults.flatMap((fault) =>
        fault.recovery.state === 'unknown' ? [`no recovery time for ${label(fault)}: ${fault.recovery.why}`] : [],
      ),
  },
  {
    name: 'faults_reverted',
    missing: ({ faults }) =>
      describeFaults(
        faults.filter(({ record }) => {
          if (record.injectedAt === null || record.effect === 'refused' || record.effect === 'unsupported')
            return false;
          return record.revertVerified === false || (record.revertedAt === null && record.fault.durationSeconds > 0);
        }),
        'fault',
        'without a verified revert',
      ),
  },
  {
    name: 'injector_worked',
    missing: ({ run }) => {
      const steady = run.span('steady');
      if (steady === null) return [];
      const lost = secondsWithin(steady, run.injectorFailures);
      const part = share(lost * 1_000, steady.toAt - steady.fromAt) ?? 0;
      return part > 0.01
        ? [
            `the injector failed for ${lost.toFixed(1)} s (${percentText(part)} of the steady phase, allowed: at most 1 %)`,
          ]
        : [];
    },
  },
  {
    name: 'engine_responded',
    missing: ({ run }) =>
      run.engineLosses.map(
        ({ fromAt, toAt, reason }) =>
          `no container events for ${((toAt - fromAt) / 1_000).toFixed(1)} s from ${new Date(fromAt).toISOString()}: ${reason}`,
      ),
  },
  {
    name: 'time_observed',
    waivedIfInterrupted: true,
    missing: ({ observedSeconds, dueSeconds }) => {
      const part = share(observedSeconds, dueSeconds);
      if (part === null) return ['no second of ramp or steady was observed'];
      if (part >= 0.99) return [];
      return [
        `only ${observedSeconds.toFixed(0)} of ${dueSeconds.toFixed(0)} s were observed (${percentText(part)}, required: at least 99 %)`,
      ];
    },
  },
  {
    name: 'generator_reported',
    waivedIfInterrupted: true,
    missing: ({ generator }) =>
      generator.withinLimits === null ? ['the load generator never reported its own health'] : [],
  },
  {
    name: 'generator_healthy',
    missing: generatorProblems,
  },
  {
    name: 'workload_worked',
    missing: ({ run }) => workloadProblems(run.workloadFailures),
  },
  {
    name: 'operations_answered',
    waivedIfInterrupted: true,
    missing: ({ traffic }) => {
      const never = [...traffic.operations].filter(([, { ok, failed, unknown }]) => ok === 0 && failed + unknown > 0);
      return never.length === 0
        ? []
        : [`no operation of these kinds succeeded: ${never.map(([kind]) => kind).join(', ')}`];
    },
  },
  {
    name: 'ledger_of_this_run',
    missing: ({ run, traffic, integrity, ledgerRuns }) => {
      const { ok } = traffic.totals;
      if (run.checks.writes && integrity.entries === 0 && ok > 0)
        return [`users performed ${pluralize(ok, 'operation')}, but the ledger has no valid entry`];
      const id = run.started?.runId;
      const others = ledgerRuns.filter((other) => id !== undefined && other !== runOf(id));
      return others.map((other) => `the ledger contains objects of another run, ${other}`);
    },
  },
  {
    name: 'written_read_back',
    waivedIfInterrupted: true,
    missing: readBackGaps,
  },
  {
    name: 'read_back_matched',
    missing: ({ run, integrity: { lost, corrupt } }) => {
      if (run.readBackMatched || lost + corrupt === 0) return [];
      const at = run.workload?.readBackAt ?? null;
      return [
        `readBack${at === null ? '' : ` (${at})`} never found an object as it was written, not even right after its write: ${lost} were missing and ${corrupt} different. Read the same object and the same content as in the write`,
      ];
    },
  },
  {
    name: 'kills_attributed',
    missing: ({ interventions }) =>
      interventions.unattributedKills.map(
        ({ at, target }) =>
          `${target} received a SIGKILL of unknown origin at ${new Date(at).toISOString()}; check whether the host is short of memory`,
      ),
  },
];

export function evaluateRequirements(
  evidence: Evidence,
  table: readonly EvidenceRequirement[] = evidenceRequirements,
): Finding[] {
  return table.map(({ name, waivedIfInterrupted = false, missing }) => {
    try {
      const gaps = missing(evidence);
      return gaps.length === 0
        ? { name, status: 'ok', reason: '' }
        : { name, status: 'unknown', reason: list(gaps, 10), waivedIfInterrupted };
    } catch (error) {
      return {
        name,
        status: 'unknown',
        reason: `the evidence requirement ${name} could not be evaluated: ${describeError(error)}`,
      };
    }
  });
}

/** True if the injector recorded the intent to inject the fault, or its injection. */
function wasAttempted({ record }: FinalizedFault): boolean {
  return record.effect !== 'unsupported' && (record.intendedAt !== null || record.injectedAt !== null);
}

function describeFaults(faults: readonly FinalizedFault[], noun: string, what: string): string[] {
  if (faults.length === 0) return [];
  return [`${pluralize(faults.length, noun)} ${what}: ${list(faults.map(label))}`];
}

function kindsWithoutEffect({ faults }: Evidence): string[] {
  const supported = faults.filter(({ record }) => !isUnsupported(record));
  const confirmed = new Set(
    supported.filter(({ record }) => record.effect === 'confirmed').map(({ record }) => record.fault.kind),
  );
  const never = new Set(supported.map(({ record }) => record.fault.kind).filter((kind) => !confirmed.has(kind)));
  return [...never].map((kind) => `no fault of the planned kind ${kind} had a confirmed effect`);
}

function generatorProblems({ generator, traffic, availability }: Evidence): string[] {
  const { lateStartRate, eventLoopDelayP99Ms, workloadDelayP99Ms, cpuShare } = generator;
  if (lateStartRate === null || eventLoopDelayP99Ms === null || cpuShare === null) return [];
  const notStarted = traffic.attempts.get('not_started') ?? 0;
  const notStartedRate = share(notStarted, traffic.attemptCount + notStarted) ?? 0;
  const probesNotStartedRate = share(availability.notStarted, availability.probes + availability.notStarted) ?? 0;
  const { lateStartRate: maxLate, eventLoopDelayP99Ms: maxDelayMs, cpuShare: maxCpu } = generatorLimits;
  const excess = (value: number, maximum: number, text: (part: string) => string): string[] =>
    value > maximum
      ? [`the load generator ${text(percentText(value))} (allowed: at most ${percentText(maximum)})`]
      : [];
  const delay = (ms: number, of: string, cause = ''): string[] =>
    ms > maxDelayMs ? [`${of} was ${ms} ms at p99 (allowed: at most ${maxDelayMs} ms)${cause}`] : [];
  return [
    ...excess(lateStartRate, maxLate, (part) => `started ${part} of its operations late`),
    ...excess(notStartedRate, maxLate, (part) => `could not start ${part} of its requests`),
    ...excess(probesNotStartedRate, maxLate, (part) => `could not start ${part} of its probes`),
    ...delay(eventLoopDelayP99Ms, "the load generator's event-loop delay"),
    ...delay(
      workloadDelayP99Ms ?? 0,
      "the event-loop delay of the workload's thread",
      ': its code blocks the thread for too long, or the machine is too busy',
    ),
    ...excess(cpuShare, maxCpu, (part) => `used ${part} of one CPU`),
  ];
}

/** One text for each place in the workload. */
function workloadProblems(failures: readonly EventOf<'workload_failed'>[]): string[] {
  const counts = new Map<string, number>();
  for (const { where, location, problem, repeated } of failures) {
    const text = `the workload failed in ${where}${location === null ? '' : ` (${location})`}: ${problem}`;
    counts.set(text, (counts.get(text) ?? 0) + 1 + repeated);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
}

function readBackGaps({ run, integrity }: Evidence): string[] {
  const { finalReadBack } = run;
  if (!run.checks.writes) return [];
  if (finalReadBack === null) return ['there was no final read-back'];
  const gaps: string[] = [];
  if (integrity.entries === 0) gaps.push('the ledger has no valid entry');
  if (integrity.unverified > 0)
    gaps.push(`${pluralize(integrity.unverified, 'acknowledged object')} without a read-back line in the ledger`);
  for (const finding of readBackFindings) {
    const reported = run.maxFound[finding];
    if (reported > integrity[finding])
      gaps.push(`a read-back reported ${reported} ${finding}, but the ledger shows ${integrity[finding]}`);
  }
  // The ledger may show more: it keeps unanswered writes of an earlier read-back that was cut
  // short.
  for (const [state, finding] of [
    ['present', 'unknownPresent'],
    ['absent', 'unknownAbsent'],
  ] as const) {
    const [reported, shown] = [finalReadBack[finding], integrity[finding]];
    if (reported > shown)
      gaps.push(
        `the final read-back reported ${reported} unanswered writes as ${state}, but the ledger shows ${shown}`,
      );
  }
  return [...gaps, ...readBackDisagreements(finalReadBack, integrity)];
}
