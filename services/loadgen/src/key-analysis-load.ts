/**
 * The capacity test: measures with autocannon what the server can do without faults and users. Each
 * connection repeats one small request (the key of a small score). It uses new autocannon instances
 * in short windows with guarded connections. Responses are counted by status and not checked, so
 * they do not enter the success rate.
 */
import { createRequire } from 'node:module';
import type { CapacityResult, CapacityTestRequest } from '@encore/contracts';
import { EncoreError, guardConnections } from '@encore/kit';
import autocannon from 'autocannon';
import { Pool } from 'undici';
import { type ExchangeRequest, exchange } from './exchange.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { toolCallRequest } from './mcp-call.ts';
import { scoreText } from './score-generator.ts';

const { version } = createRequire(import.meta.url)('autocannon/package.json') as { version: string };
const tool = `autocannon ${version}`;
const windowSeconds = 20;
const timeoutSeconds = 10;
/** Follows the pattern of a run's scores, so that the next run deletes it. */
const scoreId = 'test-probe-1';
const recipe = { seed: 'test', targetBytes: 4_000 };

interface Counts {
  answered: number;
  refused: number;
  lost: number;
  latency: LatencyHistogram;
}

/** Resolves with the counts after `seconds`, or when the signal aborts. */
export async function measureKeyAnalysis(
  targetUrl: string,
  test: CapacityTestRequest,
  signal: AbortSignal,
): Promise<CapacityResult> {
  const { seconds, connections } = test;
  const counts: Counts = { answered: 0, refused: 0, lost: 0, latency: new LatencyHistogram() };
  await storeScore(targetUrl, signal);
  const startedAt = performance.now();
  for (let left = seconds; left > 0 && !signal.aborted; left -= windowSeconds) {
    await runWindow(targetUrl, connections, Math.min(left, windowSeconds), counts, signal);
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
  connections: number,
  seconds: number,
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  const { path, method, headers, body } = toolCallRequest('key_analysis', { score_id: scoreId }, 'test', 0);
  return new Promise((done, failed) => {
    const instance = autocannon(
      {
        url: `${url}${path}`,
        method: method as 'POST',
        headers,
        body: String(body?.content),
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

/** Stores the requested score; an existing one is fine. */
async function storeScore(targetUrl: string, signal: AbortSignal): Promise<void> {
  const content = scoreText(recipe);
  const request: ExchangeRequest = {
    method: 'PUT',
    path: `/scores/${scoreId}`,
    headers: { 'content-type': 'application/vnd.recordare.musicxml+xml', 'idempotency-key': scoreId },
    body: { bytes: Buffer.byteLength(content), content },
    read: 'text',
  };
  const pool = new Pool(targetUrl, { connections: 1 });
  try {
    const timeouts = { headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000 };
    const now = () => performance.now();
    const end = await exchange(pool, request, { deadlineAt: now() + 5_000, ...timeouts, cancel: signal, now });
    const status = end.kind === 'answered' ? end.response.status : end.kind;
    if (status !== 200 && status !== 201 && status !== 409) {
      throw new EncoreError(
        'CAPACITY_TEST_FAILED',
        `could not store a score for the capacity test (${status}); check that the server is ready`,
        { status: 502 },
      );
    }
  } finally {
    await pool.destroy();
  }
}
