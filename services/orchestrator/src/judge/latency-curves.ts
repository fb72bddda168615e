/**
 * Percentile curves of response time from latency.hlog: interval lines of the standard HdrHistogram log, merged per operation.
 * They are drawn, not judged, so a log that cannot be read costs the drawing alone.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { operationKinds } from '@encore/contracts';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Points of [percentile, milliseconds] by operation. */
export type LatencyCurves = Record<string, [number, number][]>;

const percentiles = [0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99];
const microsecondsPerMs = 1_000;
/** `Tag=create.ok.response,<start>,<length>,<max>,<histogram>`: right answers, from their intended start. */
const responseLine = /^Tag=([a-z]+)\.ok\.response,[^,]*,[^,]*,[^,]*,(\S+)$/;

export async function readLatencyCurves(path: string): Promise<LatencyCurves> {
  const merged = new Map<string, Histogram>();
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const [, operation = '', encoded = ''] = responseLine.exec(line) ?? [];
      if (!operationKinds.some((kind) => kind === operation)) continue;
      const interval = decodeFromCompressedBase64(encoded, 32, false);
      const sum = merged.get(operation);
      if (sum !== undefined) sum.add(interval);
      else {
        interval.autoResize = true;
        merged.set(operation, interval);
      }
    }
  } catch {
    // Half a curve would be a wrong one.
    return {};
  }
  return Object.fromEntries([...merged].map(([operation, histogram]) => [operation, curveOf(histogram)]));
}

/** Percentiles that the number of samples can tell apart; the longest stands where the last of N samples stands. */
function curveOf(histogram: Histogram): [number, number][] {
  const count = Math.max(1, histogram.totalCount);
  const told = percentiles.filter((percentile) => percentile < lastPercentile(count));
  return [...told, 100].map((percentile) => [
    Math.min(percentile, lastPercentile(count)),
    histogram.getValueAtPercentile(percentile) / microsecondsPerMs,
  ]);
}

/** Of N samples the last one is at 1 - 1/N. */
export function lastPercentile(count: number): number {
  return 100 - 100 / Math.max(1, count);
}
