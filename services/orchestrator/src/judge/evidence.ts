/** Read-only input of the rules and evidence requirements, built at the end of the history. */
import type { Plan } from '@encore/contracts';
import type { Collectors } from './collect/collectors.ts';
import type { Ledger } from './collect/integrity.ts';
import { type Span, secondsWithin } from './events/span.ts';
import { type FinalizedFault, faultFreeWindowsOf, finalizeFaults } from './faults/finalize.ts';

export type Evidence = Readonly<ReturnType<typeof evidenceOf>>;

/** `problems`: those of the files themselves. */
export function evidenceOf(plan: Plan, collectors: Collectors, ledger: Ledger, problems: readonly string[]) {
  const { run, tracker, traffic } = collectors;
  const { settings } = run;
  const reached = [...tracker.records.values()]
    .sort((a, b) => a.fault.atSeconds - b.fault.atSeconds)
    .filter(
      ({ injectedAt, intendedAt, effect, skipped }) =>
        !run.interrupted || (injectedAt ?? intendedAt ?? effect ?? skipped) !== null,
    );
  const faults = finalizeFaults(reached, run.usersSeenAt, settings.recoveryTimeoutSeconds, run.engineLosses);
  const measured = run.span('ramp', 'steady');
  const spanSeconds = measured === null ? 0 : (measured.toAt - measured.fromAt) / 1_000;
  const unseen = measured === null ? [] : [...run.gaps, ...traffic.unseenWithin(measured)];
  return {
    ...collectors,
    plan,
    settings,
    /** Ordered by planned time, without the faults that an interrupted run did not reach. */
    faults,
    /** Number of planned faults that the run did not reach. */
    notReached: tracker.records.size - reached.length,
    faultFreeWindows: faultFreeWindowsOf(run.span('steady'), faults, run.injectorFailures),
    /** Ramp and steady; null if the run reached neither. */
    measured,
    /** Seconds of `measured` with load data. */
    observedSeconds: measured === null ? 0 : spanSeconds - secondsWithin(measured, unseen),
    /** Seconds of ramp and steady that should have been observed. */
    dueSeconds: run.interrupted ? spanSeconds : Math.max(spanSeconds, plan.rampSeconds + plan.steadySeconds),
    integrity: ledger.figures,
    /** Objects read back whose last write was in flight or acknowledged around a fault. */
    exposedWrites: ledger.exposedTo(spansOfEffects(faults)),
    /** Ids of the runs whose objects appear in the ledger. */
    ledgerRuns: ledger.runs,
    problems,
  };
}

/** From the earliest possible effect of each fault that had one to the system's recovery. */
function spansOfEffects(faults: readonly FinalizedFault[]): Span[] {
  return faults.flatMap(({ record, window, endedAt }) =>
    record.effect !== 'confirmed' || window === null || endedAt === null
      ? []
      : [{ fromAt: window.fromAt, toAt: endedAt }],
  );
}
