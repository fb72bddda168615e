/** Attempts, backoff, and when the result of a write is unknown. */
import assert from 'node:assert/strict';
import { Random, systemClock } from '@encore/kit';
import type { Request } from '@encore/workload';
import { checkStored } from '@encore/workload-music/response-checks';
import { errorFormat } from '@encore/workload-music/server-errors';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { FakeServer } from '../testing/fake-server.ts';
import { testTransport } from '../testing/test-operation.ts';
import { runStep, type StepContext, type StepRecord, type Transport } from './step.ts';

const body = '<score-partwise/>';
const request: Request = {
  name: 'PUT /scores/:id',
  method: 'PUT',
  path: '/scores/one',
  body,
  status: [200, 201],
  check: (response, { mayHaveHappened }) => {
    const { sha256 } = response.json() as { sha256: string };
    return checkStored(response, { id: 'one', version: 1, sha256, bytes: body.length }, mayHaveHappened);
  },
};

describe('step', () => {
  let fake: FakeServer;
  let pool: Pool;
  let attempts: StepRecord[];
  let cancel: AbortController;

  beforeEach(async () => {
    fake = await FakeServer.start();
    pool = new Pool(fake.url, { connections: 1 });
    attempts = [];
    cancel = new AbortController();
  });
  afterEach(async () => {
    await pool.destroy();
    await fake[Symbol.asyncDispose]();
  });

  const context = ({
    random = new Random(1),
    deadlineAfter = () => systemClock.now() + 5_000,
    ...changes
  }: Partial<Transport & StepContext> = {}): StepContext => {
    let count = 0;
    return {
      transport: testTransport(pool, {
        errors: errorFormat,
        cancel: cancel.signal,
        backoffMs: [100, 300],
        ...changes,
      }),
      random,
      clientId: 'run-u1',
      nextAttemptId: () => `op.${++count}`,
      deadlineAfter,
      attemptEnded: (record) => attempts.push(record),
    };
  };
  const outcomes = () => attempts.map(({ outcome }) => outcome).join(' ');

  /** Answers the first requests with these responses instead of correct ones. */
  function answerFirst(...answers: { status: number; code?: string; retryAfter?: number; definite?: boolean }[]): void {
    fake.hook = ({ response }) => {
      const answer = answers.shift();
      if (!answer) return undefined;
      if (answer.status === 0) response.socket?.destroy();
      const { code = 'OVERLOADED', definite = true, retryAfter } = answer;
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      response.statusCode = answer.status || 500;
      response.end(JSON.stringify({ error: { code, message: '', definite } }));
      return 'handled';
    };
  }

  it('makes up to three attempts', async () => {
    answerFirst({ status: 503 }, { status: 503 });
    assert.equal((await runStep(request, 'one-key-1', context())).kind, 'ok');
    assert.equal(outcomes(), 'shed shed ok');
    assert.deepEqual(
      attempts.map(({ attemptId }) => attemptId),
      ['op.1', 'op.2', 'op.3'],
    );
  });

  it('jitters its growing backoff from 0.5 to 1.5 times the mean', async () => {
    const runs = 200;
    answerFirst(...Array.from({ length: runs * 3 }, () => ({ status: 503 })));
    const paused: number[][] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      const pausesOfRun: number[] = [];
      const clock = { now: systemClock.now, sleep: async (ms: number) => void pausesOfRun.push(ms) };
      await runStep(request, 'one-key-1', context({ clock, random: new Random(run) }));
      for (const [index, ms] of pausesOfRun.entries()) paused[index]?.push(ms);
    }
    for (const [index, meanMs] of [100, 300].entries()) {
      const all = paused[index] ?? [];
      const [minimum, maximum] = [Math.min(...all) / meanMs, Math.max(...all) / meanMs];
      assert.equal(all.length, runs);
      assert.ok(minimum >= 0.5 && minimum < 0.55 && maximum > 1.45 && maximum <= 1.5, `${minimum} to ${maximum}`);
      const mean = all.reduce((sum, ms) => sum + ms, 0) / runs / meanMs;
      assert.ok(Math.abs(mean - 1) < 0.1, `${mean} of the mean pause`);
    }
  });

  it('waits at least Retry-After, with jitter', async () => {
    const pauses: number[] = [];
    for (let run = 0; run < 20; run += 1) {
      answerFirst({ status: 503, retryAfter: 20 });
      fake.scores.clear();
      fake.keys.clear();
      const clock = { now: systemClock.now, sleep: async (ms: number) => void pauses.push(ms) };
      const deadlineAfter = () => systemClock.now() + 60_000;
      assert.equal(
        (await runStep(request, 'one-key-1', context({ clock, deadlineAfter, random: new Random(run) }))).kind,
        'ok',
      );
    }
    assert.equal(pauses.length, 20);
    const [minimum, maximum] = [Math.min(...pauses), Math.max(...pauses)];
    assert.ok(minimum >= 20_000 && maximum <= 30_000 && maximum - minimum > 5_000, `${minimum} to ${maximum} ms`);
  });

  it('gives up after three attempts, or if the backoff would exceed the deadline', async () => {
    answerFirst({ status: 500 }, { status: 500 }, { status: 500 });
    const end = await runStep(request, 'one-key-1', context());
    assert.equal(end.kind, 'failed');
    assert.equal(attempts.length, 3);
    answerFirst({ status: 503, retryAfter: 30 });
    await runStep(request, 'one-key-1', context({ deadlineAfter: () => systemClock.now() + 500 }));
    assert.equal(attempts.length, 4);
  });

  it('reports a write as possibly done after an attempt without a definite failure', async () => {
    answerFirst({ status: 0 }, { status: 503 }, { status: 503 });
    const end = await runStep(request, 'one-key-1', context());
    assert.equal(outcomes(), 'reset_before shed shed');
    assert.deepEqual([end.kind, end.kind === 'failed' && end.mayHaveHappened], ['failed', true]);
  });

  it('reports a write as failed if every attempt was definitely refused', async () => {
    answerFirst({ status: 503 }, { status: 503 }, { status: 503 });
    const end = await runStep(request, 'one-key-1', context());
    assert.deepEqual([end.kind, end.kind === 'failed' && end.mayHaveHappened], ['failed', false]);
    answerFirst({ status: 503, definite: false }, { status: 503 }, { status: 503 });
    const unsure = await runStep(request, 'one-key-1', context());
    assert.deepEqual([unsure.kind, unsure.kind === 'failed' && unsure.mayHaveHappened], ['failed', true]);
    const check = () => ({ outcome: 'session_lost', detail: 'unknown session' }) as const;
    const lost = await runStep({ ...request, check }, 'one-key-1', context());
    assert.deepEqual([lost.kind, lost.kind === 'failed' && lost.mayHaveHappened], ['failed', false]);
  });

  it('accepts a replay after a lost response, but not on a first attempt', async () => {
    let cut = true;
    fake.hook = () => {
      const wrong = cut ? ('no-answer' as const) : undefined;
      cut = false;
      return wrong;
    };
    assert.equal((await runStep(request, 'one-key-1', context())).kind, 'ok');
    assert.equal(outcomes(), 'reset_before ok');
    attempts = [];
    await runStep(request, 'one-key-1', context());
    assert.equal(attempts[0]?.outcome, 'corrupt', 'a replay of a key that this step has not sent before');
  });

  it('attributes a timeout to the workload if its code blocked the thread, but not a wrong response', async () => {
    fake.hook = () => new Promise(() => {});
    const deadlineAfter = () => systemClock.now() + 50;
    const put = { method: 'PUT', path: '/scores/a', body: 'x' } as const;
    const step = async (blockedMs: number, deadlineAfter: () => number) => {
      const since: number[] = [];
      const blockedMsSince = (at: number) => since.push(at) * blockedMs;
      const end = await runStep(put, 'key', context({ deadlineAfter, blockedMsSince, backoffMs: [9_000, 9_000] }));
      return { end, since };
    };
    const late = await step(3_100, deadlineAfter);
    assert.ok(late.end.kind === 'workload' && late.end.error instanceof Error);
    assert.match(
      late.end.error.message,
      /^a request ended as deadline while the workload's code blocked its thread for 3\.1 s/,
    );
    assert.deepEqual(late.since, [attempts[0]?.startedAt]);
    assert.equal((await step(0, deadlineAfter)).end.kind, 'failed');
    answerFirst({ status: 500 });
    assert.equal((await step(3_100, () => systemClock.now() + 4_000)).end.kind, 'failed');
    assert.equal(outcomes(), 'not_started deadline shed');
  });

  it('ends immediately when cancelled', async () => {
    answerFirst({ status: 503 });
    const running = runStep(
      request,
      'one-key-1',
      context({ backoffMs: [60_000, 60_000], deadlineAfter: () => systemClock.now() + 120_000 }),
    );
    while (attempts.length === 0) await systemClock.sleep(5);
    cancel.abort();
    assert.equal((await running).kind, 'cancelled');
  });
});
