/**
 * Latencies from latency.hlog: interval lines of the standard HdrHistogram log, merged per operation. The curves are drawn, and the
 * percentiles stand in the report where a generator that was killed could not sum up. No rule reads them, but a damaged log is damaged
 * evidence like any other.
 */
import { type EventOf, type OperationKind, operationKinds, type Report } from '@encore/contracts';
import { describeError, textLinesOf } from '@encore/kit';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Points of [percentile, milliseconds] by operation. */
export type LatencyCurves = Record<string, [number, number][]>;

const percentiles = [0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99];
const microsecondsPerMs = 1_000;
type Percentiles = NonNullable<Report['operations'][OperationKind]['response_ms']>;
export interface Latencies {
  /** Of response time. */
  curves: LatencyCurves;
  response: Map<string, Percentiles>;
  service: Map<string, Percentiles>;
  /** What is wrong with the file, by line. With any problem there are no figures: half a curve would be a wrong one. */
  problems: string[];
  /** The writer was killed within the last line, which was left out. */
  isTorn: boolean;
}

const formatLine = '#[Histogram log format version 1.3]';
const intervalLine = /^Tag=([a-z]+)\.([a-z.]+),(\d+\.\d+),\d+\.\d+,\d+\.\d+,(\S+)$/;

/** A file that is not there has no figures and no problem; `missingLatencies` compares with what the generator summed up. */
export async function readLatencies(path: string): Promise<Latencies> {
  const reader = new LatencyReader();
  try {
    for await (const { text, lineNumber, isTruncated } of textLinesOf(path)) reader.add(text, lineNumber, isTruncated);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isAbsent) reader.problems.push(`it cannot be read: ${describeError(error)}`);
  }
  return reader.latencies;
}

class LatencyReader {
  readonly problems: string[] = [];
  #isTorn = false;
  readonly #response = new Map<string, Histogram>();
  readonly #service = new Map<string, Histogram>();
  /** Of the interval under way: its start, and the tags that were there. */
  #startsAt = Number.NEGATIVE_INFINITY;
  readonly #tags = new Set<string>();

  add(text: string, place: number, isTorn: boolean): void {
    const problem = this.#problemOf(text, place);
    if (problem === null) return;
    if (isTorn) this.#isTorn = true;
    else this.problems.push(`line ${place}: ${problem}`);
  }

  get latencies(): Latencies {
    const { problems } = this;
    const isTorn = this.#isTorn;
    if (problems.length > 0) return { curves: {}, response: new Map(), service: new Map(), problems, isTorn };
    const percentilesOf = (histograms: Map<string, Histogram>) =>
      new Map([...histograms].map(([operation, histogram]) => [operation, figuresOf(histogram)]));
    return {
      curves: Object.fromEntries([...this.#response].map(([operation, histogram]) => [operation, curveOf(histogram)])),
      response: percentilesOf(this.#response),
      service: percentilesOf(this.#service),
      problems,
      isTorn,
    };
  }

  #problemOf(text: string, place: number): string | null {
    if (text.startsWith('#[Histogram log format') || place === 1) {
      // A generator that was started again writes another head.
      this.#startsAt = Number.NEGATIVE_INFINITY;
      return text === formatLine ? null : `${formatLine} should stand here, as this version of Encore reads no other`;
    }
    if (text === '' || text.startsWith('#') || text.startsWith('"StartTimestamp"')) return null;
    const [, operation = '', timed = '', start = '', encoded = ''] = intervalLine.exec(text) ?? [];
    if (operation === '') return 'no interval line (Tag=<operation>.<what>,<start>,<length>,<max>,<histogram>)';
    const startsAt = Number(start);
    if (startsAt < this.#startsAt) return `its interval begins at ${start}, before that of the line before it`;
    if (startsAt > this.#startsAt) this.#tags.clear();
    this.#startsAt = startsAt;
    const tag = `${operation}.${timed}`;
    if (this.#tags.has(tag)) return `${tag} stands twice for the interval that begins at ${start}`;
    this.#tags.add(tag);
    return this.#merge(operation, timed, encoded);
  }

  /** Only the figures of right answers are used, so only these are decoded. */
  #merge(operation: string, timed: string, encoded: string): string | null {
    const sums = { 'ok.response': this.#response, 'ok.service': this.#service }[timed];
    if (sums === undefined || !operationKinds.some((kind) => kind === operation)) return null;
    try {
      add(sums, operation, encoded);
      return null;
    } catch (error) {
      return `its histogram cannot be decoded (${describeError(error)})`;
    }
  }
}

/** What the generator summed up and the log does not hold. A log that holds more is that of a generator that was started again. */
export function missingLatencies(latencies: Latencies, summary: EventOf<'load_summary'> | null): string[] {
  if (summary === null || latencies.problems.length > 0) return [];
  const missing: string[] = [];
  for (const kind of operationKinds) {
    for (const [what, held, due] of [
      ['response', latencies.response, summary.operations[kind]?.responseMs.count],
      ['service', latencies.service, summary.operations[kind]?.serviceMs.count],
    ] as const) {
      const { count = 0 } = held.get(kind) ?? {};
      if (due !== undefined && count < due)
        missing.push(`${kind}.ok.${what}: it holds ${count} right answers, the load generator summed up ${due}`);
    }
  }
  return missing;
}

function add(merged: Map<string, Histogram>, operation: string, encoded: string): void {
  const interval = decodeFromCompressedBase64(encoded, 32, false);
  const sum = merged.get(operation);
  if (sum !== undefined) {
    sum.add(interval);
    return;
  }
  interval.autoResize = true;
  merged.set(operation, interval);
}

function figuresOf(histogram: Histogram): Percentiles {
  const at = (percentile: number) => millisecondsAt(histogram, percentile);
  return { count: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) };
}

/** A percentile is the upper end of its bucket, which may lie above the largest value. */
function millisecondsAt(histogram: Histogram, percentile: number): number {
  const value = percentile === 100 ? histogram.maxValue : histogram.getValueAtPercentile(percentile);
  return Math.min(value, histogram.maxValue) / microsecondsPerMs;
}

/** Percentiles that the number of samples can tell apart; the longest stands where the last of N samples stands. */
function curveOf(histogram: Histogram): [number, number][] {
  const count = Math.max(1, histogram.totalCount);
  const told = percentiles.filter((percentile) => percentile < lastPercentile(count));
  return [...told, 100].map((percentile) => [
    Math.min(percentile, lastPercentile(count)),
    millisecondsAt(histogram, percentile),
  ]);
}

/** Of N samples the last one is at 1 - 1/N. */
export function lastPercentile(count: number): number {
  return 100 - 100 / Math.max(1, count);
}
