/**
 * Response times must show a frozen server. Five users send 100 requests per second for ten
 * seconds, and the server freezes for one of them. The expected result can be computed: an
 * operation due t seconds into the freeze waits 1 - t seconds, so the slowest 1 % wait at least 0.9
 * s. Catch-up pauses add 3/8 of t on average, which gives 0.94 s. Only five requests are in flight,
 * so service times (from the actual start) hardly show the freeze.
 */
import assert from 'node:assert/strict';
import { systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { LoadBench, testRequest } from '../../services/loadgen/src/testing/load-bench.ts';

const perSecond = 100;
const runSeconds = 10;
const freezeAtSeconds = 3;
const frozenMs = 1_000;
/** Mean catch-up pause, as a share of the planned pause. */
const catchUpPause = 0.375;

describe('coordinated omission', function () {
  this.timeout(60_000);

  it('shows a freeze in response times within 5 %, but not in service times', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    let frozen: Promise<void> | null = null;
    let answers = 0;
    fake.hook = async () => {
      await frozen;
      answers += 1;
      return undefined;
    };
    const mix = { create: 0, analyze: 1, modify: 0, export: 0, heavy: 0 };
    const settings = {
      ...testRequest.load,
      mix,
      thinkSeconds: { min: 0.04, max: 0.06 },
      parameters: { byteBudgetPerSecond: 1 },
    };
    await load.start({ ...testRequest, users: 5, rampSeconds: 0, load: settings });
    const startedAt = systemClock.now();
    const elapsed = () => (systemClock.now() - startedAt) / 1_000;
    await waitUntil('the freeze', () => elapsed() >= freezeAtSeconds, { timeoutMs: 10_000, everyMs: 5 });
    const frozenAt = elapsed();
    frozen = systemClock.sleep(frozenMs);
    await frozen;
    const thawedAt = elapsed();
    // A busy machine freezes for longer, and takes longer to clear the backlog.
    const frozenSeconds = thawedAt - frozenAt;
    await waitUntil('the end of the backlog', () => answers >= perSecond * elapsed() - 5, {
      timeoutMs: 15_000,
      everyMs: 2,
    });
    const pausingMs = ((frozenSeconds * catchUpPause) / (1 - catchUpPause)) * 1_000;
    const clearingMs = Math.max(0, (elapsed() - thawedAt) * 1_000 - pausingMs);
    await waitUntil('the end', () => elapsed() >= runSeconds, { timeoutMs: 15_000 });
    await load.stop();

    const analyze = bench.ofType('load_summary')[0]?.operations['analyze'];
    assert.ok(analyze);
    const rate = analyze.responseMs.count / runSeconds;
    assert.ok(Math.abs(rate / perSecond - 1) < 0.05, `${rate} per second instead of ${perSecond}`);
    const slowestSeconds = 0.01 * runSeconds;
    const expectedMs = (frozenSeconds - slowestSeconds) * 1_000;
    const withPausesMs = expectedMs + slowestSeconds * catchUpPause * 1_000;
    const { p99 } = analyze.responseMs;
    assert.ok(p99 >= expectedMs * 0.95, `response p99 ${p99} ms, expected ${expectedMs} ms`);
    assert.ok(
      p99 <= withPausesMs * 1.05 + clearingMs,
      `response p99 ${p99} ms, expected ${withPausesMs} ms, clearing ${clearingMs} ms`,
    );
    assert.equal(analyze.skipped, 0);
    assert.ok(analyze.serviceMs.p99 < expectedMs / 3, `service p99 ${analyze.serviceMs.p99} ms`);
  });
});
