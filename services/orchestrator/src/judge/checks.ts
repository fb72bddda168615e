/**
 * When is there not enough evidence? Each check is a pure function of the evidence and returns what is missing, one text
 * per lack. A check that throws says nothing about the run, so it counts as missing evidence as well.
 */
import { describeError } from '@encore/kit';
import type { Evidence, SettledFault } from './evidence.ts';
import { isKill, isUnsupported } from './fault-record.ts';
import type { Finding } from './finding.ts';
import { generatorLimits } from './generator.ts';
import { runOf } from './integrity.ts';
import { readBackDisagreements, readBackFindings } from './run-facts.ts';
import { secondsWithin } from './span.ts';
import { share } from './traffic.ts';
import { counted, list, percentOf } from './words.ts';

interface Check {
  name: string;
  /** What must hold, for the documentation and the report. */
  demands: string;
  /** True when the lack follows from an early end, so that an interrupted run is not blamed for it. */
  excused: boolean;
  missing(evidence: Evidence): string[];
}

const label = ({ record: { fault } }: SettledFault): string => `${fault.id} (${fault.kind} of ${fault.target})`;

export const checks: readonly Check[] = [
  {
    name: 'history_intact',
    demands: 'every line of the history, the plan and the ledger is there and unchanged',
    excused: false,
    missing: ({ historyProblems }) => historyProblems,
  },
  {
    name: 'run_complete',
    demands: 'the history says how the run began and ended',
    excused: false,
    missing: ({ run }) => {
      if (run.started === null) return ['the history does not say how the run began'];
      if (run.ended === null) return ['the history does not say how the run ended'];
      return run.ended.how === 'aborted' ? [`the run was aborted: ${run.ended.reason ?? 'no reason given'}`] : [];
    },
  },
  {
    name: 'plan_followed',
    demands: 'the plan is the one that the run announced',
    excused: false,
    missing: ({ run, plan }) =>
      run.started === null || run.started.planHash === plan.hash
        ? []
        : [`the run announced plan ${run.started.planHash.slice(0, 12)}, the file holds ${plan.hash.slice(0, 12)}`],
  },
  {
    name: 'kills_bit',
    demands: 'every kill that was tried was seen by the engine',
    excused: false,
    missing: ({ faults }) =>
      blame(
        faults.filter((fault) => isKill(fault.record) && wasTried(fault) && fault.record.bit !== 'yes'),
        'kill',
        'did not bite',
      ),
  },
  {
    name: 'kinds_bit',
    demands: 'every planned kind that this engine supports bit at least once',
    excused: true,
    missing: kindsThatNeverBit,
  },
  {
    name: 'faults_bit',
    demands: 'at least 95 % of the supported faults bit',
    excused: true,
    missing: ({ faults }) => {
      const supported = faults.filter(({ record }) => !isUnsupported(record));
      const bit = supported.filter(({ record }) => record.bit === 'yes').length;
      const part = share(bit, supported.length) ?? 1;
      return part < 0.95
        ? [`only ${bit} of ${counted(supported.length, 'fault')} bit (${percentOf(part)}, at least 95 % are needed)`]
        : [];
    },
  },
  {
    name: 'recoveries_measured',
    demands: 'every fault that bit has a recovery, or was waited for until its limit',
    excused: true,
    missing: ({ faults }) =>
      faults.flatMap((fault) =>
        fault.recovery.state === 'unknown' ? [`no recovery time for ${label(fault)}: ${fault.recovery.why}`] : [],
      ),
  },
  {
    name: 'faults_undone',
    demands: 'every fault was undone and the undo was read back',
    excused: false,
    missing: ({ faults }) =>
      blame(
        faults.filter(({ record }) => {
          if (record.injectedAt === null || record.bit === 'refused' || record.bit === 'unsupported') return false;
          return record.undoVerified === false || (record.undoneAt === null && record.fault.durationSeconds > 0);
        }),
        'fault',
        'without a verified undo',
      ),
  },
  {
    name: 'injector_worked',
    demands: 'the injector itself failed for at most 1 % of steady',
    excused: false,
    missing: ({ run }) => {
      const steady = run.span('steady');
      if (steady === null) return [];
      const lost = secondsWithin(steady, run.injectorFailures);
      const part = share(lost * 1_000, steady.toAt - steady.fromAt) ?? 0;
      return part > 0.01
        ? [`the injector failed for ${lost.toFixed(1)} s (${percentOf(part)} of steady, at most 1 %)`]
        : [];
    },
  },
  {
    name: 'engine_responded',
    demands: 'the container engine responded all the time, so that nothing happened unseen',
    excused: false,
    missing: ({ run }) =>
      run.engineLosses.map(
        ({ fromAt, toAt, reason }) =>
          `what happened to containers for ${((toAt - fromAt) / 1_000).toFixed(1)} s from ${new Date(fromAt).toISOString()} is not known: ${reason}`,
      ),
  },
  {
    name: 'time_observed',
    demands: 'at least 99 % of ramp and steady were observed',
    excused: true,
    missing: ({ observedSeconds, dueSeconds }) => {
      const part = share(observedSeconds, dueSeconds);
      if (part === null) return ['no second of ramp or steady was observed'];
      if (part >= 0.99) return [];
      return [
        `only ${observedSeconds.toFixed(0)} of ${dueSeconds.toFixed(0)} s were observed (${percentOf(part)}, at least 99 %)`,
      ];
    },
  },
  {
    name: 'generator_heard',
    demands: 'the load generator told of its own health',
    excused: true,
    missing: ({ generator }) =>
      generator.withinLimits === null ? ['the load generator never reported its own health'] : [],
  },
  {
    name: 'generator_healthy',
    demands: 'the load generator stayed within its limits',
    excused: false,
    missing: generatorFaults,
  },
  {
    name: 'operations_answered',
    demands: 'each kind of operation that was tried was answered rightly at least once',
    excused: true,
    missing: ({ traffic }) => {
      const never = [...traffic.operations].filter(([, { ok, failed, unknown }]) => ok === 0 && failed + unknown > 0);
      return never.length === 0 ? [] : [`not one right answer to ${never.map(([kind]) => kind).join(', ')}`];
    },
  },
  {
    name: 'ledger_of_this_run',
    demands: 'the ledger tells of this run, and of this run alone',
    excused: false,
    missing: ({ run, traffic, integrity, ledgerRuns }) => {
      const created = traffic.operations.get('create')?.ok ?? 0;
      if (integrity.entries === 0 && created > 0)
        return [`${counted(created, 'score')} were created, and no entry of the ledger counts`];
      const id = run.started?.runId;
      const others = ledgerRuns.filter((other) => id !== undefined && other !== runOf(id));
      return others.map((other) => `the ledger tells of scores of another run, ${other}`);
    },
  },
  {
    name: 'written_read_back',
    demands: 'a final read-back after heal covers every acknowledged score',
    excused: true,
    missing: readBackLacks,
  },
  {
    name: 'kills_attributed',
    demands: 'no target was SIGKILLed by the host for reasons of its own',
    excused: false,
    missing: ({ interventions }) =>
      interventions.unattributedKills.map(
        ({ at, target }) =>
          `${target} was killed at ${new Date(at).toISOString()} by nobody known here: the host may be short of memory`,
      ),
  },
];

export function runChecks(evidence: Evidence, table: readonly Check[] = checks): Finding[] {
  return table.map(({ name, excused, missing }) => {
    try {
      const lacks = missing(evidence);
      return lacks.length === 0
        ? { name, verdict: 'ok', reason: '' }
        : { name, verdict: 'unknown', reason: list(lacks, 10), excused };
    } catch (error) {
      return { name, verdict: 'unknown', reason: `the check ${name} itself failed: ${describeError(error)}` };
    }
  });
}

/** Something was to happen to the target: the injector wrote its intent or its act. */
function wasTried({ record }: SettledFault): boolean {
  return record.bit !== 'unsupported' && (record.intendedAt !== null || record.injectedAt !== null);
}

function blame(faults: readonly SettledFault[], noun: string, what: string): string[] {
  if (faults.length === 0) return [];
  return [`${counted(faults.length, noun)} ${what}: ${list(faults.map(label))}`];
}

function kindsThatNeverBit({ faults }: Evidence): string[] {
  const supported = faults.filter(({ record }) => !isUnsupported(record));
  const bit = new Set(supported.filter(({ record }) => record.bit === 'yes').map(({ record }) => record.fault.kind));
  const never = new Set(supported.map(({ record }) => record.fault.kind).filter((kind) => !bit.has(kind)));
  return [...never].map((kind) => `no fault of the planned kind ${kind} bit`);
}

function generatorFaults({ generator, traffic, availability }: Evidence): string[] {
  const { lateStartRate, eventLoopDelayP99Ms, cpuShare } = generator;
  if (lateStartRate === null || eventLoopDelayP99Ms === null || cpuShare === null) return [];
  const notStarted = traffic.attempts.get('not_started') ?? 0;
  const notStartedRate = share(notStarted, traffic.attemptCount + notStarted) ?? 0;
  const probesNotStartedRate = share(availability.notStarted, availability.probes + availability.notStarted) ?? 0;
  const limits = generatorLimits;
  return [
    lateStartRate > limits.lateStartRate
      ? `${percentOf(lateStartRate)} of the generator's starts were late (at most ${percentOf(limits.lateStartRate)})`
      : '',
    notStartedRate > limits.lateStartRate
      ? `the generator could not start ${percentOf(notStartedRate)} of its requests (at most ${percentOf(limits.lateStartRate)})`
      : '',
    probesNotStartedRate > limits.lateStartRate
      ? `the generator could not start ${percentOf(probesNotStartedRate)} of its probes (at most ${percentOf(limits.lateStartRate)})`
      : '',
    eventLoopDelayP99Ms > limits.eventLoopDelayP99Ms
      ? `the generator's event loop was ${eventLoopDelayP99Ms} ms late (p99, at most ${limits.eventLoopDelayP99Ms} ms)`
      : '',
    cpuShare > limits.cpuShare
      ? `the generator used ${percentOf(cpuShare)} of its CPU (at most ${percentOf(limits.cpuShare)})`
      : '',
  ].filter((text) => text !== '');
}

function readBackLacks({ run, integrity }: Evidence): string[] {
  const { finalReadBack } = run;
  if (finalReadBack === null) return ['there was no final read-back'];
  const lacks: string[] = [];
  if (integrity.entries === 0) lacks.push('no entry of the ledger counts');
  if (integrity.unverified > 0)
    lacks.push(`${counted(integrity.unverified, 'acknowledged score')} without a read-back line in the ledger`);
  for (const finding of readBackFindings) {
    const most = run.mostFound[finding];
    if (most > integrity[finding])
      lacks.push(`a read-back counted ${most} ${finding}, the ledger shows ${integrity[finding]}`);
  }
  // Writes without an answer of an earlier read-back that was cut stay in the ledger, so there may be more of them.
  for (const [words, finding] of [
    ['unanswered writes that stand', 'unknownPresent'],
    ['unanswered writes that do not stand', 'unknownAbsent'],
  ] as const) {
    if (finalReadBack[finding] > integrity[finding])
      lacks.push(
        `the final read-back counted ${finalReadBack[finding]} ${words}, the ledger shows ${integrity[finding]}`,
      );
  }
  return [...lacks, ...readBackDisagreements(finalReadBack, integrity)];
}
