/**
 * Load figures of every second of a run, in typed arrays: 24 hours take a few megabytes at any
 * load. A second whose `seen` is 0 was not observed.
 */
import { operationsOf } from '../../figures.ts';
import type { Collector } from '../events/collector.ts';
import type { Observation } from '../events/time-order.ts';

const maxSeconds = 15 * 86_400;
const columns = ['seen', 'users', 'ok', 'failed', 'unknown'] as const;
const percentiles = ['p50', 'p99'] as const;
type SecondColumn = (typeof columns)[number] | (typeof percentiles)[number];

export class SecondTable implements Collector {
  /** Epoch second of row 0. */
  baseSecond = 0;
  length = 0;
  #capacity = 0;
  readonly #data = new Map<SecondColumn, Float32Array>();
  readonly #plannedSeconds: number;

  /** Allocates the planned seconds at once, so that a long run does not keep growing its arrays. */
  constructor(plannedSeconds: number) {
    this.#plannedSeconds = Math.min(maxSeconds, plannedSeconds);
  }

  /** The row of a time in epoch milliseconds; it may lie outside the table. */
  row(at: number): number {
    return Math.floor(at / 1_000) - this.baseSecond;
  }

  value(column: SecondColumn, row: number): number {
    return row >= 0 && row < this.length ? (this.#data.get(column)?.[row] ?? 0) : 0;
  }

  add(event: Observation): void {
    if (event.type !== 'load_second') return;
    // An event describes the second before it: assign it to the clock second that holds its middle.
    const middleAt = event.at - 500;
    if (this.length === 0) this.baseSecond = Math.floor(middleAt / 1_000);
    const row = this.row(middleAt);
    if (row < 0 || row >= maxSeconds) return;
    this.#grow(row);
    this.#plus('seen', row, 1);
    this.#set('users', row, event.users);
    const operations = operationsOf(event);
    for (const ended of ['ok', 'failed', 'unknown'] as const) this.#plus(ended, row, operations[ended]);
    if (event.responseMs !== null) {
      this.#set('p50', row, Math.max(this.value('p50', row), event.responseMs.p50));
      this.#set('p99', row, Math.max(this.value('p99', row), event.responseMs.p99));
    }
  }

  #grow(row: number): void {
    if (row >= this.#capacity) {
      this.#capacity = Math.max(this.#plannedSeconds, (row + 1) * 2);
      for (const column of [...columns, ...percentiles]) {
        const wider = new Float32Array(this.#capacity);
        wider.set(this.#data.get(column) ?? []);
        this.#data.set(column, wider);
      }
    }
    this.length = Math.max(this.length, row + 1);
  }

  #plus(column: SecondColumn, row: number, count: number): void {
    this.#set(column, row, this.value(column, row) + count);
  }

  #set(column: SecondColumn, row: number, value: number): void {
    const data = this.#data.get(column);
    if (data !== undefined) data[row] = value;
  }
}
