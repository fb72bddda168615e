/** Performed and skipped operations, and catching up with a backlog. */
import assert from 'node:assert/strict';
import { Random, systemClock, waitUntil } from '@encore/kit';
import music from '@encore/workload-music';
import { describe, it } from 'mocha';
import { LoadBench, testRequest } from '../testing/load-bench.ts';
import { UserPlan } from './user-plan.ts';
import { catchUpPauseMs } from './virtual-user.ts';

const thinkSeconds = { min: 0.04, max: 0.08 };
const oneUser = { ...testRequest, users: 1, rampSeconds: 0, load: { ...testRequest.load, thinkSeconds } };
type Counts = Record<string, number>;
const operations = Object.keys(music.operations);

/** Performed and skipped operations in the summary, by kind. */
function countsOf(bench: LoadBench): { performed: Counts; skipped: Counts } {
  const [summary] = bench.ofType('load_summary');
  const performed: Counts = {};
  const skipped: Counts = {};
  for (const kind of operations) {
    const ends = summary?.operations[kind];
    assert.ok(ends);
    performed[kind] = ends.ok + ends.failed + ends.unknown + ends.cancelled;
    skipped[kind] = ends.skipped;
  }
  return { performed, skipped };
}

const total = (counts: Counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Counts the first operations in the plan of user 1, by kind. */
function planned(request: typeof testRequest, count: number): Counts {
  const { runId, users, load } = request;
  const random = new Random(request.seed).fork('users/1');
  const plan = new UserPlan(music, { ...load, runId, users, number: 1, id: `${runId}-u1`, random });
  const counts: Counts = Object.fromEntries(operations.map((kind) => [kind, 0]));
  for (let i = 0; i < count; i += 1) {
    const { operation } = plan.next();
    counts[operation] = (counts[operation] ?? 0) + 1;
  }
  return counts;
}

function assertWholePlan(bench: LoadBench, request: typeof testRequest): void {
  const { performed, skipped } = countsOf(bench);
  const both = Object.fromEntries(
    operations.map((kind) => [kind, (performed[kind] ?? 0) + (skipped[kind] ?? 0)] as const),
  );
  assert.deepEqual(both, planned(request, total(both)), 'every planned operation is performed or skipped');
}

describe('catch-up pause', () => {
  const random = new Random(1);
  const draws = (paceMs: number, tookMs: number) =>
    Array.from({ length: 500 }, () => catchUpPauseMs(paceMs, tookMs, random));

  it('lets a user catch up if operations take at most 90 % of the pace', () => {
    for (const share of [0, 0.3, 0.62, 0.7, 0.8, 0.9])
      for (const pauseMs of draws(1_000, share * 1_000))
        assert.ok(share * 1_000 + pauseMs < 1_000, `${share} of the pace, and a pause of ${pauseMs} ms`);
  });

  it('limits a user to four times its normal rate and spreads users apart', () => {
    for (const tookMs of [0, 5, 300, 800])
      for (const pauseMs of draws(1_000, tookMs)) assert.ok(tookMs + pauseMs >= 250);
    const afterOutage = draws(1_000, 10_000);
    assert.ok(Math.min(...afterOutage) >= 50 && Math.max(...afterOutage) - Math.min(...afterOutage) > 45);
  });
});

describe('virtual user', function () {
  this.timeout(30_000);

  it('performs the whole plan while the server keeps up', async () => {
    await using bench = await LoadBench.open();
    await bench.load.start(oneUser);
    await bench.operationsDone(40);
    await bench.load.stop();
    assert.equal(total(countsOf(bench).skipped), 0);
    assertWholePlan(bench, oneUser);
  });

  it('skips operations more than 10 s late and counts them by kind and second', async () => {
    let jumpMs = 0;
    await using bench = await LoadBench.open({ now: () => systemClock.now() + jumpMs, sleep: systemClock.sleep });
    const { load } = bench;
    await load.start(oneUser);
    await bench.operationsDone(10);
    // As if a response took 14 s: operations due in the first 4 s are too late.
    jumpMs = 14_000;
    load.renew('test-1');
    const startedAt = performance.now();
    await bench.operationsDone(60);
    const msPerOperation = (performance.now() - startedAt) / 50;
    await load.stop();
    const { skipped } = countsOf(bench);
    const expected = 4_000 / 60;
    // On a busy machine, a user falls further behind.
    assert.ok(total(skipped) > expected * 0.7, `${total(skipped)} instead of ${expected} or more`);
    assertWholePlan(bench, oneUser);
    const inSeconds = bench
      .ofType('load_second')
      .flatMap(({ operations }) => Object.values(operations).map((ends) => ends.skipped));
    assert.equal(
      inSeconds.reduce((sum, count) => sum + count, 0),
      total(skipped),
    );
    const counted = (await bench.metrics.skipped.get()).values.reduce((sum, { value }) => sum + value, 0);
    assert.equal(counted, total(skipped));
    // Late operations are timed from their intended start.
    const slowest = Math.max(
      ...Object.values(bench.ofType('load_summary')[0]?.operations ?? {}).map((one) => one.responseMs.max),
    );
    assert.ok(slowest > 9_500, `${slowest} ms`);
    assert.ok(
      msPerOperation > 0.25 * 60 * 0.9,
      `${msPerOperation} ms from start to start: more than four times the rate`,
    );
  });

  it('skips operations that need a score while none could be created', async () => {
    await using bench = await LoadBench.open();
    bench.fake.hook = ({ name, response }) => {
      if (name !== 'PUT' && name !== 'import_score') return undefined;
      response.statusCode = 400;
      response.end(JSON.stringify({ error: { code: 'NO', message: 'no', definite: true } }));
      return 'handled';
    };
    const mix = { create: 0, analyze: 1, modify: 0, export: 0, heavy: 0 };
    const request = { ...oneUser, load: { ...oneUser.load, mix } };
    await bench.load.start(request);
    const startedAt = performance.now();
    await waitUntil('some seconds', () => bench.ofType('load_second').length >= 3, { timeoutMs: 10_000 });
    await bench.load.stop();
    const dueUntilNow = (performance.now() - startedAt) / 60;
    const { performed, skipped } = countsOf(bench);
    // The first operation of a user is always a create.
    assert.deepEqual([total(performed), performed['create']], [1, 1]);
    assert.ok(
      Math.abs((skipped['analyze'] ?? 0) / dueUntilNow - 1) < 0.2,
      `${skipped['analyze']} of about ${dueUntilNow}`,
    );
    assertWholePlan(bench, request);
  });
});
