/**
 * The capacity test: measures with autocannon what the server can do without faults and users. Each
 * connection repeats one small request of the workload. It uses new autocannon instances in short
 * windows with guarded connections. Responses are counted by status and not checked, so they do not
 * enter the success rate.
 */
import { createRequire } from 'node:module';
import type { CapacityResult, CapacityTestRequest } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { DataRequest } from '@encore/workload';
import autocannon from 'autocannon';
import { Pool } from 'undici';
import { guardConnections } from './guarded-connections.ts';
import { exchange } from './http/exchange.ts';
import { exchangeOf } from './http/exchange-of.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const { version } = createRequire(import.meta.url)('autocannon/package.json') as { version: string };
const tool = `autocannon ${version}`;
const windowSeconds = 20;
const timeoutSeconds = 10;
const prepareMs = 5_000;

/** The request to repeat, and one to send before. */
export interface CapacityRequests {
  prepare?: DataRequest;
  request: DataRequest;
}

interface Counts {
  answered: number;
  refused: number;
  lost: number;
  latency: LatencyHistogram;
}

/** Resolves with the counts after `seconds`, or when the signal aborts. */
export async function measureCapacity(
  targetUrl: string,
  requests: CapacityRequests,
  test: CapacityTestRequest,
  signal: AbortSignal,
): Promise<CapacityResult> {
  const { seconds, connections } = test;
  const counts: Counts = { answered: 0, refused: 0, lost: 0, latency: new LatencyHistogram() };
  if (requests.prepare !== undefined) await prepare(targetUrl, requests.prepare, signal);
  const startedAt = performance.now();
  for (let left = seconds; left > 0 && !signal.aborted; left -= windowSeconds) {
    await runWindow(targetUrl, requests.request, connections, Math.min(left, windowSeconds), counts, signal);
  }
  const elapsed = (performance.now() - startedAt) / 1_000;
  const { answered, refused, lost, latency } = counts;
  const { p50, p90, p99, max } = latency.percentiles();
  const requestsPerSecond = answered / elapsed;
  const latencyMs = { p50, p90, p99, max };
  return { tool, seconds: elapsed, connections, requestsPerSecond, answered, refused, lost, latencyMs };
}

function runWindow(
  url: string,
  request: DataRequest,
  connections: number,
  seconds: number,
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  const { path, method, headers, body } = exchangeOf(request);
  return new Promise((done, failed) => {
    const instance = autocannon(
      {
        url: `${url}${path}`,
        method,
        headers,
        ...(body === undefined ? {} : { body: contentOf(body.content) }),
        connections,
        // autocannon counts sampler ticks as seconds; the caller measures the real time.
        duration: seconds,
        sampleInt: 100,
        timeout: timeoutSeconds,
        setupClient: guardConnections((requests) => {
          counts.lost += requests;
        }),
      },
      (error: unknown) => {
        signal.removeEventListener('abort', stop);
        if (error) failed(error);
        else done();
      },
    );
    const stop = () => instance.stop?.();
    signal.addEventListener('abort', stop, { once: true });
    instance.on('response', (_client, status, _bytes, responseMs) => {
      if (status < 200 || status >= 300) {
        counts.refused += 1;
        return;
      }
      counts.answered += 1;
      counts.latency.record(responseMs);
    });
  });
}

function contentOf(content: unknown): string | Buffer {
  return content instanceof Uint8Array ? Buffer.from(content) : String(content);
}

/** Sends the request that the other one needs; it is fine if its object already exists. */
async function prepare(targetUrl: string, request: DataRequest, signal: AbortSignal): Promise<void> {
  const pool = new Pool(targetUrl, { connections: 1 });
  try {
    const now = () => performance.now();
    const end = await exchange(pool, exchangeOf(request), {
      deadlineAt: now() + prepareMs,
      headersTimeoutMs: prepareMs,
      bodyTimeoutMs: prepareMs,
      cancel: signal,
      now,
    });
    const status = end.kind === 'answered' ? end.response.status : end.kind;
    if (typeof status === 'string' || (status >= 300 && status !== 409)) {
      throw new EncoreError(
        'CAPACITY_TEST_FAILED',
        `could not prepare the capacity test: ${request.method} ${request.path} (${status}); check that the system is ready`,
      );
    }
  } finally {
    await pool.destroy();
  }
}
