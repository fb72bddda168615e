/**
 * Latencies from latency.hlog: interval lines of the standard HdrHistogram log, merged per operation. The curves are drawn, and the
 * percentiles stand in the report where a generator that was killed could not sum up; nothing is judged by them, so a log that cannot be
 * read costs these alone.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type OperationKind, operationKinds, type Report } from '@encore/contracts';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Points of [percentile, milliseconds] by operation. */
export type LatencyCurves = Record<string, [number, number][]>;

const percentiles = [0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99];
const microsecondsPerMs = 1_000;
/** `Tag=create.ok.response,<start>,<length>,<max>,<histogram>`: right answers, from their intended or their real start. */
const rightLine = /^Tag=([a-z]+)\.ok\.(response|service),[^,]*,[^,]*,[^,]*,(\S+)$/;

type Percentiles = NonNullable<Report['operations'][OperationKind]['response_ms']>;
export interface Latencies {
  /** Of response time. */
  curves: LatencyCurves;
  response: Map<string, Percentiles>;
  service: Map<string, Percentiles>;
}

export async function readLatencies(path: string): Promise<Latencies> {
  const merged = { response: new Map<string, Histogram>(), service: new Map<string, Histogram>() };
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const [, operation = '', from = '', encoded = ''] = rightLine.exec(line) ?? [];
      if (!operationKinds.some((kind) => kind === operation)) continue;
      add(from === 'response' ? merged.response : merged.service, operation, encoded);
    }
  } catch {
    // Half a curve would be a wrong one.
    return { curves: {}, response: new Map(), service: new Map() };
  }
  const percentilesOf = (histograms: Map<string, Histogram>) =>
    new Map([...histograms].map(([operation, histogram]) => [operation, figuresOf(histogram)]));
  return {
    curves: Object.fromEntries([...merged.response].map(([operation, histogram]) => [operation, curveOf(histogram)])),
    response: percentilesOf(merged.response),
    service: percentilesOf(merged.service),
  };
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
