/**
 * The capacity test: measures with autocannon what the server can do without faults and users. Each
 * connection repeats one small request of the workload. It uses new autocannon instances in short
 * windows with guarded connections. Responses are counted by status and not checked, so they do not
 * enter the success rate. One test runs at a time.
 */
import { createRequire } from 'node:module';
import type { CapacityResult, CapacityTestRequest } from '@encore/contracts';
import { describeError, EncoreError, type Logger } from '@encore/kit';
import type { DataRequest } from '@encore/workload';
import autocannon from 'autocannon';
import { guardConnections } from './guarded-connections.ts';
import { exchange, poolOf, sentOf } from './http/exchange.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { WorkloadDescription } from './worker/messages.ts';

const { version } = createRequire(import.meta.url)('autocannon/package.json') as { version: string };
const tool = `autocannon ${version}`;
const windowSeconds = 20;
const timeoutSeconds = 10;
const prepareMs = 5_000;

type Requests = WorkloadDescription['capacityTest'];

interface Counts {
  answered: number;
  refused: number;
  lost: number;
  latency: LatencyHistogram;
}

export class CapacityTest implements AsyncDisposable {
  readonly #targetUrl: string;
  readonly #requests: Requests;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #current: Promise<CapacityResult> | null = null;

  constructor(targetUrl: string, requests: Requests, logger: Logger) {
    this.#targetUrl = targetUrl;
    this.#requests = requests;
    this.#logger = logger;
  }

  /** Resolves after `test.seconds`, or when the signal aborts, with the counts so far. */
  async measure(test: CapacityTestRequest, signal: AbortSignal): Promise<CapacityResult> {
    if (this.#current) {
      throw new EncoreError('CAPACITY_TEST_ACTIVE', 'a capacity test is already running; retry when it has ended');
    }
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    this.#current = measureCapacity(this.#targetUrl, this.#requests, test, stop);
    try {
      const result = await this.#current;
      this.#logger.info(result, 'capacity test done');
      return result;
    } catch (error) {
      this.#logger.warn({ err: describeError(error) }, 'capacity test failed');
      throw error;
    } finally {
      this.#current = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('closing'));
    await this.#current?.catch(() => {});
  }
}

async function measureCapacity(
  targetUrl: string,
  requests: Requests,
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
  const { headers, body } = sentOf(request);
  return new Promise((done, failed) => {
    const instance = autocannon(
      {
        url: `${url}${request.path}`,
        method: request.method,
        headers,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
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

/** Sends the request that the other one needs; it is fine if its object already exists. */
async function prepare(targetUrl: string, request: DataRequest, signal: AbortSignal): Promise<void> {
  const pool = poolOf(targetUrl, 1);
  try {
    const now = () => performance.now();
    const end = await exchange(pool, request, { deadlineAt: now() + prepareMs, cancel: signal, now });
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
