/** Data of the timeline: the whole run in at most 1,500 steps with common times. */
import { containerNames, firstReplica } from '@encore/kit';
import type { ObservedRun } from './observers.ts';

const maxSteps = 1_500;

export type Series = ReturnType<typeof seriesOf>;

export function seriesOf(run: ObservedRun) {
  const { seconds, memory, plan } = run;
  const stepSeconds = Math.max(1, Math.ceil(seconds.length / maxSteps));
  const count = Math.ceil(seconds.length / stepSeconds);
  const steps = Array.from({ length: count }, (_, index) => stepOf(run, index * stepSeconds, stepSeconds));
  const memoryBytes: Record<string, (number | null)[]> = {};
  const memoryLimitBytes: Record<string, (number | null)[]> = {};
  for (const name of memory.containers) {
    memoryBytes[name] = steps.map(({ at }) => memory.peakWithin(name, at, at + stepSeconds));
    const limits = steps.map(({ at }) => memory.limitWithin(name, at, at + stepSeconds));
    if (limits.some((limit) => limit !== null)) memoryLimitBytes[name] = limits;
  }
  return {
    stepSeconds,
    /** Epoch seconds of each step's start. */
    at: steps.map(({ at }) => at),
    okPerSecond: steps.map((step) => step.okPerSecond),
    badPerSecond: steps.map((step) => step.badPerSecond),
    /** Share of operations, 0 to 1. */
    success: steps.map(({ success }) => success),
    p50Ms: steps.map(({ p50Ms }) => p50Ms),
    p99Ms: steps.map(({ p99Ms }) => p99Ms),
    /** The containers of the system, in the order of its description. */
    containers: containerNames(plan.system),
    /** The container whose recovery is judged; the first of its replicas. */
    recoveryOf: firstReplica(plan.system),
    memoryBytes,
    /** The lowest memory limit within each step, so that a memory cap is visible. */
    memoryLimitBytes,
    faults: bandsOf(run),
  };
}

/** Figures of the seconds of one step; null if none was observed. */
function stepOf({ seconds }: ObservedRun, firstRow: number, rows: number) {
  const sum = { seen: 0, ok: 0, bad: 0, p50: 0, p99: 0, withP: 0 };
  for (let row = firstRow; row < firstRow + rows; row += 1) {
    sum.seen += seconds.value('seen', row) === 0 ? 0 : 1;
    sum.ok += seconds.value('ok', row);
    sum.bad += seconds.value('bad', row);
    sum.withP += seconds.value('p99', row) === 0 ? 0 : 1;
    sum.p50 += seconds.value('p50', row);
    // Keep the worst second of a step visible.
    sum.p99 = Math.max(sum.p99, seconds.value('p99', row));
  }
  const { seen, ok, bad, p50, p99, withP } = sum;
  return {
    at: seconds.baseSecond + firstRow,
    okPerSecond: ratio(ok, seen, 2),
    badPerSecond: ratio(bad, seen, 2),
    success: ratio(ok, ok + bad, 5),
    p50Ms: ratio(p50, withP, 1),
    p99Ms: withP === 0 ? null : Number(p99.toFixed(1)),
  };
}

function bandsOf({ faults }: ObservedRun) {
  return faults.flatMap(({ record: { fault }, window, endedAt }) => {
    if (window === null || endedAt === null) return [];
    const { id, kind, target } = fault;
    return { id, kind, target, from: window.fromAt / 1_000, to: endedAt / 1_000, windowTo: window.toAt / 1_000 };
  });
}

function ratio(part: number, whole: number, digits: number): number | null {
  return whole === 0 ? null : Number((part / whole).toFixed(digits));
}
