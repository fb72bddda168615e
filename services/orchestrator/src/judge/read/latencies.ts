/**
 * Reads latency.hlog: interval lines of the standard HdrHistogram log, merged per operation. The
 * report draws the curves, and uses the percentiles if a load generator was killed before it could
 * report its own. No rule reads them, but a damaged log is damaged evidence like any other.
 */
import type { EventOf, Report } from '@encore/contracts';
import { describeError, textLinesOf } from '@encore/kit';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Points [percentile from 0 to 100, milliseconds] by operation. */
export type LatencyCurves = Record<string, [number, number][]>;

const percentiles = [0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99];
const microsecondsPerMs = 1_000;
type Percentiles = NonNullable<Report['operations'][string]['response_ms']>;
export interface Latencies {
  /** Response time, measured from the intended start. */
  curves: LatencyCurves;
  response: Map<string, Percentiles>;
  service: Map<string, Percentiles>;
  /** Problems with the file, by line. With any problem there are no figures. */
  problems: string[];
  /** True if the writer was killed within the last line, which is then skipped. */
  isTruncated: boolean;
}

const formatLine = '#[Histogram log format version 1.3]';
const intervalLine = /^Tag=([a-z][a-z0-9_-]*)\.([a-z.]+),(\d+\.\d+),\d+\.\d+,\d+\.\d+,(\S+)$/;

/** A missing file has neither figures nor problems; `missingLatencies` detects it. */
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
  #isTruncated = false;
  readonly #response = new Map<string, Histogram>();
  readonly #service = new Map<string, Histogram>();
  /** Start of the current interval in seconds, and the tags seen in it. */
  #startsAt = Number.NEGATIVE_INFINITY;
  readonly #tags = new Set<string>();

  add(text: string, lineNumber: number, isTruncated: boolean): void {
    const problem = this.#problemOf(text, lineNumber);
    if (problem === null) return;
    if (isTruncated) this.#isTruncated = true;
    else this.problems.push(`line ${lineNumber}: ${problem}`);
  }

  get latencies(): Latencies {
    const { problems } = this;
    const usable = (sums: Map<string, Histogram>) => (problems.length > 0 ? [] : [...sums]);
    return {
      curves: Object.fromEntries(usable(this.#response).map(([operation, sum]) => [operation, curveOf(sum)])),
      response: new Map(usable(this.#response).map(([operation, sum]) => [operation, figuresOf(sum)])),
      service: new Map(usable(this.#service).map(([operation, sum]) => [operation, figuresOf(sum)])),
      problems,
      isTruncated: this.#isTruncated,
    };
  }

  #problemOf(text: string, lineNumber: number): string | null {
    if (text.startsWith('#[Histogram log format') || lineNumber === 1) {
      // A load generator that restarted writes another header.
      this.#startsAt = Number.NEGATIVE_INFINITY;
      return text === formatLine ? null : `expected ${formatLine}, the only format that this version reads`;
    }
    if (text === '' || text.startsWith('#') || text.startsWith('"StartTimestamp"')) return null;
    const [, operation = '', timed = '', start = '', encoded = ''] = intervalLine.exec(text) ?? [];
    if (operation === '')
      return 'expected an interval line (Tag=<operation>.<what>,<start>,<length>,<max>,<histogram>)';
    const startsAt = Number(start);
    if (startsAt < this.#startsAt) return `its interval starts at ${start}, earlier than the previous one`;
    if (startsAt > this.#startsAt) this.#tags.clear();
    this.#startsAt = startsAt;
    const tag = `${operation}.${timed}`;
    if (this.#tags.has(tag)) return `duplicate ${tag} for the interval that starts at ${start}`;
    this.#tags.add(tag);
    return this.#merge(operation, timed, encoded);
  }

  /** Decodes only the latencies of successful attempts, as nothing reads the others. */
  #merge(operation: string, timed: string, encoded: string): string | null {
    const sums = { 'ok.response': this.#response, 'ok.service': this.#service }[timed];
    if (sums === undefined) return null;
    try {
      const interval = decodeFromCompressedBase64(encoded, 32, false);
      interval.autoResize = true;
      const sum = sums.get(operation);
      if (sum === undefined) sums.set(operation, interval);
      else sum.add(interval);
      return null;
    } catch (error) {
      return `its histogram cannot be decoded (${describeError(error)})`;
    }
  }
}

/**
 * Lists counts in the load summary that the log does not reach. The log may have more: a load
 * generator that restarted summarizes only what followed.
 */
export function missingLatencies(latencies: Latencies, summary: EventOf<'load_summary'> | null): string[] {
  if (summary === null || latencies.problems.length > 0) return [];
  const missing: string[] = [];
  for (const [kind, { responseMs, serviceMs }] of Object.entries(summary.operations)) {
    for (const [what, logged, expected] of [
      ['response', latencies.response, responseMs.count],
      ['service', latencies.service, serviceMs.count],
    ] as const) {
      const { count = 0 } = logged.get(kind) ?? {};
      if (count < expected)
        missing.push(`${kind}.ok.${what} has ${count} values, but the load generator reported ${expected}`);
    }
  }
  return missing;
}

function figuresOf(histogram: Histogram): Percentiles {
  const at = (percentile: number) => millisecondsAt(histogram, percentile);
  return { count: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) };
}

/** Caps the percentile at the maximum: it is the upper bound of its bucket, which may exceed it. */
function millisecondsAt(histogram: Histogram, percentile: number): number {
  const value = percentile === 100 ? histogram.maxValue : histogram.getValueAtPercentile(percentile);
  return Math.min(value, histogram.maxValue) / microsecondsPerMs;
}

/** Percentiles that this number of samples can resolve, then the maximum. */
function curveOf(histogram: Histogram): [number, number][] {
  // The last of N samples is the percentile 100 - 100/N.
  const last = 100 - 100 / Math.max(1, histogram.totalCount);
  const resolved = percentiles.filter((percentile) => percentile < last);
  return [...resolved, 100].map((percentile) => [Math.min(percentile, last), millisecondsAt(histogram, percentile)]);
}
