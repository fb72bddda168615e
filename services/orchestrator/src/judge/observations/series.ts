/** Data of the timeline: the whole run in at most 1,500 steps with common times. */
import type { FaultKind, Target } from '@encore/contracts';
import { containerNames, firstReplica } from '@encore/kit';
import type { ObservedRun } from './observers.ts';

export interface Series {
  stepSeconds: number;
  /** Epoch seconds of each step's start. */
  at: number[];
  users: (number | null)[];
  okPerSecond: (number | null)[];
  badPerSecond: (number | null)[];
  /** Share of operations, 0 to 1. */
  success: (number | null)[];
  p50Ms: (number | null)[];
  p99Ms: (number | null)[];
  /** The containers of the system, in the order of its description. */
  containers: string[];
  /** The container whose recovery is judged; the first of its replicas. */
  recoveryOf: string;
  memoryBytes: Record<string, (number | null)[]>;
  /** The lowest memory limit within each step, so that a memory cap is visible. */
  memoryLimitBytes: Record<string, (number | null)[]>;
  faults: { id: string; kind: FaultKind; target: Target; from: number; to: number; windowTo: number }[];
  phases: { phase: string; at: number }[];
}

const maxSteps = 1_500;

export function seriesOf(evidence: ObservedRun): Series {
  const { seconds, memory } = evidence;
  const step = Math.max(1, Math.ceil(seconds.length / maxSteps));
  const steps = Math.ceil(seconds.length / step);
  const series: Series = {
    stepSeconds: step,
    at: [],
    users: [],
    okPerSecond: [],
    badPerSecond: [],
    success: [],
    p50Ms: [],
    p99Ms: [],
    containers: containerNames(evidence.plan.system),
    recoveryOf: firstReplica(evidence.plan.system),
    memoryBytes: {},
    memoryLimitBytes: {},
    faults: bandsOf(evidence),
    phases: evidence.run.phases.map(({ phase, at }) => ({ phase, at: at / 1_000 })),
  };
  for (let index = 0; index < steps; index += 1) addStep(series, evidence, index * step, step);
  for (const name of memory.containers) {
    series.memoryBytes[name] = series.at.map((at) => memory.peakWithin(name, at, at + step));
    const limits = series.at.map((at) => memory.limitWithin(name, at, at + step));
    if (limits.some((limit) => limit !== null)) series.memoryLimitBytes[name] = limits;
  }
  return series;
}

function addStep(series: Series, { seconds }: ObservedRun, firstRow: number, step: number): void {
  const sum = { seen: 0, ok: 0, bad: 0, users: 0, p50: 0, p99: 0, withP: 0 };
  for (let row = firstRow; row < firstRow + step; row += 1) {
    if (seconds.value('seen', row) === 0) continue;
    sum.seen += 1;
    const ok = seconds.value('ok', row);
    sum.ok += ok;
    sum.bad += seconds.value('failed', row) + seconds.value('unknown', row);
    sum.users = Math.max(sum.users, seconds.value('users', row));
    if (seconds.value('p99', row) > 0) {
      sum.withP += 1;
      sum.p50 += seconds.value('p50', row);
      // Keep the worst second of a step visible.
      sum.p99 = Math.max(sum.p99, seconds.value('p99', row));
    }
  }
  const seen = sum.seen > 0;
  series.at.push(seconds.baseSecond + firstRow);
  series.users.push(seen ? sum.users : null);
  series.okPerSecond.push(seen ? round(sum.ok / sum.seen, 2) : null);
  series.badPerSecond.push(seen ? round(sum.bad / sum.seen, 2) : null);
  series.success.push(sum.ok + sum.bad > 0 ? round(sum.ok / (sum.ok + sum.bad), 5) : null);
  series.p50Ms.push(sum.withP > 0 ? round(sum.p50 / sum.withP, 1) : null);
  series.p99Ms.push(sum.withP > 0 ? round(sum.p99, 1) : null);
}

function bandsOf({ faults }: ObservedRun): Series['faults'] {
  return faults.flatMap(({ record: { fault }, window, endedAt }) =>
    window === null || endedAt === null
      ? []
      : [
          {
            id: fault.id,
            kind: fault.kind,
            target: fault.target,
            from: window.fromAt / 1_000,
            to: endedAt / 1_000,
            windowTo: window.toAt / 1_000,
          },
        ],
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
