/**
 * Load figures of every second of a run, in arrays allocated at the start: 24 hours take a few
 * megabytes at any load, and a long run does not keep growing them.
 */
import { operationsOf } from '../../figures.ts';
import type { Observation } from '../events/time-order.ts';

type Column = 'seen' | 'ok' | 'bad' | 'p50' | 'p99';

export class SecondTable {
  /** Epoch second of row 0. */
  baseSecond = 0;
  length = 0;
  readonly #columns: Record<Column, Float32Array>;

  constructor(maxSeconds: number) {
    const column = (): Float32Array => new Float32Array(maxSeconds);
    this.#columns = { seen: column(), ok: column(), bad: column(), p50: column(), p99: column() };
  }

  /** The row of a time in epoch milliseconds; it may lie outside the table. */
  row(at: number): number {
    return Math.floor(at / 1_000) - this.baseSecond;
  }

  /** `bad`: operations failed or unknown. `seen` is 0 for a second that was not observed. */
  value(column: Column, row: number): number {
    return this.#columns[column][row] ?? 0;
  }

  add(event: Observation): void {
    if (event.type !== 'load_second') return;
    // An event describes the second before it: assign it to the clock second that holds its middle.
    const middleAt = event.at - 500;
    if (this.length === 0) this.baseSecond = Math.floor(middleAt / 1_000);
    const row = this.row(middleAt);
    if (row < 0 || row >= this.#columns.seen.length) return;
    this.length = Math.max(this.length, row + 1);
    const { ok, failed, unknown } = operationsOf(event);
    for (const [column, count] of [
      ['seen', 1],
      ['ok', ok],
      ['bad', failed + unknown],
    ] as const)
      this.#columns[column][row] = this.value(column, row) + count;
    for (const column of ['p50', 'p99'] as const)
      this.#columns[column][row] = Math.max(this.value(column, row), event.responseMs?.[column] ?? 0);
  }
}
