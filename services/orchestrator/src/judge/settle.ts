/** What follows from all records together, once the history is over: windows, recoveries, and the way back to baseline. */
import type { SettledFault } from './evidence.ts';
import type { FaultRecord } from './fault-record.ts';
import { beganAt, endOf, healerOf, recoveryOf, tailMs } from './fault-record.ts';
import type { SecondTable } from './second-table.ts';
import type { Span } from './span.ts';
import { without } from './span.ts';
import { percentileOf } from './threshold.ts';

const goodSecondsInARow = 5;

export function settleFaults(
  records: Iterable<FaultRecord>,
  observedUntil: number,
  limitSeconds: number,
): SettledFault[] {
  return [...records].map((record) => {
    const recovery = recoveryOf(record, observedUntil, limitSeconds);
    const fromAt = beganAt(record);
    const window =
      fromAt === null ? null : { fromAt, toAt: Math.max(fromAt, endOf(record) ?? Math.max(observedUntil, fromAt)) };
    return { record, recovery, healedBy: healerOf(record, recovery), window };
  });
}

/** Steady without every fault's window and tail, and without the time in which the injector itself had failed. */
export function controlWindowsOf(
  steady: Span | null,
  faults: readonly SettledFault[],
  injectorFailures: readonly Span[],
): Span[] {
  if (steady === null) return [];
  const holes = faults.flatMap(({ window }) =>
    window === null ? [] : [{ fromAt: window.fromAt, toAt: window.toAt + tailMs }],
  );
  return without(steady, [...holes, ...injectorFailures]);
}

/**
 * Back to baseline: the first of 5 good seconds in a row after the first right answer, before the next fault. A second is
 * good when its share of success and its p99 are within the band of the last control window before the fault. A second in
 * which no operation ended says nothing.
 */
export function findBaselines(
  faults: readonly SettledFault[],
  controlWindows: readonly Span[],
  seconds: SecondTable,
): void {
  const injections = faults.flatMap(({ window }) => (window === null ? [] : [window.fromAt])).sort((a, b) => a - b);
  for (const { record, window } of faults) {
    if (window === null || record.firstSuccessAt === null) continue;
    const band = bandBefore(window.fromAt, controlWindows, seconds);
    if (band === null) continue;
    const untilAt = injections.find((at) => at > window.fromAt) ?? (seconds.baseSecond + seconds.length) * 1_000;
    record.baselineAt = firstGoodRow(record.firstSuccessAt, untilAt, band, seconds);
  }
}

interface Band {
  leastShare: number;
  mostP99Ms: number;
}

function bandBefore(at: number, controlWindows: readonly Span[], seconds: SecondTable): Band | null {
  for (const window of controlWindows.filter(({ toAt }) => toAt <= at + 1).reverse()) {
    let ok = 0;
    let ended = 0;
    const p99s: number[] = [];
    for (let row = seconds.row(window.fromAt) + 1; row < seconds.row(window.toAt); row += 1) {
      const okHere = seconds.value('ok', row);
      const endedHere = okHere + seconds.value('failed', row) + seconds.value('unknown', row);
      ok += okHere;
      ended += endedHere;
      if (okHere > 0) p99s.push(seconds.value('p99', row));
    }
    if (p99s.length < goodSecondsInARow) continue;
    // The p99 of a single second jumps about; 19 of 20 seconds of the window were at or under this one.
    const p99Ms =
      percentileOf(
        p99s.sort((a, b) => a - b),
        95,
      ) ?? 0;
    return { leastShare: ok / ended - 0.01, mostP99Ms: 2 * p99Ms + 50 };
  }
  return null;
}

function firstGoodRow(fromAt: number, untilAt: number, band: Band, seconds: SecondTable): number | null {
  let inARow = 0;
  let rowStartsAt = fromAt;
  for (let row = seconds.row(fromAt); (row + seconds.baseSecond) * 1_000 < untilAt; row += 1) {
    const share = seconds.successShare(row);
    if (share === null) continue;
    const good = share >= band.leastShare && seconds.value('p99', row) <= band.mostP99Ms;
    if (good && inARow === 0) rowStartsAt = Math.max(fromAt, (row + seconds.baseSecond) * 1_000);
    inARow = good ? inARow + 1 : 0;
    if (inARow === goodSecondsInARow) return rowStartsAt;
  }
  return null;
}
