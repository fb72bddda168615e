/** Three tries, their pauses, and when a write is unknown instead of failed. */
import assert from 'node:assert/strict';
import { Random, systemClock } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { checkStored } from './answer-checks.ts';
import { type AttemptRecord, runStep, type Step, type StepContext } from './step.ts';
import { FakeServer } from './testing/fake-server.ts';

const body = '<score-partwise/>';
const step: Step<unknown> = {
  name: 'PUT /scores/:id',
  bytes: body.length,
  build: () => ({
    method: 'PUT',
    path: '/scores/one',
    headers: { 'idempotency-key': 'one-key-1' },
    body: { bytes: body.length, content: body },
    read: 'text',
  }),
  check: (answer, _id, mayBeReplay) => {
    const sha256 = answer.status < 300 ? (JSON.parse(answer.text) as { sha256: string }).sha256 : '';
    return checkStored(answer, { id: 'one', version: 1, sha256, bytes: body.length }, mayBeReplay);
  },
};

describe('step', () => {
  let fake: FakeServer;
  let pool: Pool;
  let attempts: AttemptRecord[];
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

  const context = (changes: Partial<StepContext> = {}): StepContext => ({
    dispatcher: pool,
    clock: systemClock,
    random: new Random(1),
    operation: 'create',
    operationId: 'op',
    user: 1,
    clientId: 'run-u1',
    deadlineAt: systemClock.now() + 5_000,
    cancel: cancel.signal,
    pausesMs: [100, 300],
    attemptEnded: (record) => attempts.push(record),
    attempts: { count: 0 },
    ...changes,
  });
  const outcomes = () => attempts.map(({ outcome }) => outcome).join(' ');

  /** Answers the first requests with these instead of what is right. */
  function answerFirst(...answers: { status: number; code?: string; retryAfter?: number; definite?: boolean }[]): void {
    fake.hook = ({ response }) => {
      const answer = answers.shift();
      if (!answer) return undefined;
      if (answer.status === 0) response.socket?.destroy();
      const { code = 'OVERLOADED', definite = true, retryAfter } = answer;
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      response.statusCode = answer.status || 500;
      response.end(JSON.stringify({ error: { code, message: '', definite } }));
      return 'taken';
    };
  }

  it('tries three times', async () => {
    answerFirst({ status: 503 }, { status: 503 });
    assert.equal((await runStep(step, context())).how, 'right');
    assert.equal(outcomes(), 'shed shed ok');
    assert.deepEqual(
      attempts.map(({ attemptId }) => attemptId),
      ['op.1', 'op.2', 'op.3'],
    );
  });

  it('spreads its growing pauses from half to one and a half times their mean', async () => {
    const runs = 200;
    answerFirst(...Array.from({ length: runs * 3 }, () => ({ status: 503 })));
    const paused: number[][] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      const pausesOfRun: number[] = [];
      const clock = { now: systemClock.now, sleep: async (ms: number) => void pausesOfRun.push(ms) };
      await runStep(step, context({ clock, random: new Random(run) }));
      for (const [index, ms] of pausesOfRun.entries()) paused[index]?.push(ms);
    }
    for (const [index, meanMs] of [100, 300].entries()) {
      const all = paused[index] ?? [];
      const [least, greatest] = [Math.min(...all) / meanMs, Math.max(...all) / meanMs];
      assert.equal(all.length, runs);
      assert.ok(least >= 0.5 && least < 0.55 && greatest > 1.45 && greatest <= 1.5, `${least} to ${greatest}`);
      const mean = all.reduce((sum, ms) => sum + ms, 0) / runs / meanMs;
      assert.ok(Math.abs(mean - 1) < 0.1, `${mean} of the mean pause`);
    }
  });

  it('never comes back before Retry-After, however long that is, and not at the same moment as others', async () => {
    const pauses: number[] = [];
    for (let run = 0; run < 20; run += 1) {
      answerFirst({ status: 503, retryAfter: 20 });
      fake.scores.clear();
      fake.keys.clear();
      const clock = { now: systemClock.now, sleep: async (ms: number) => void pauses.push(ms) };
      const deadlineAt = systemClock.now() + 60_000;
      assert.equal((await runStep(step, context({ clock, deadlineAt, random: new Random(run) }))).how, 'right');
    }
    assert.equal(pauses.length, 20);
    const [least, greatest] = [Math.min(...pauses), Math.max(...pauses)];
    assert.ok(least >= 20_000 && greatest <= 30_000 && greatest - least > 5_000, `${least} to ${greatest} ms`);
  });

  it('gives up after the third, and never begins a pause that ends after the deadline', async () => {
    answerFirst({ status: 500 }, { status: 500 }, { status: 500 });
    const end = await runStep(step, context());
    assert.equal(end.how, 'failed');
    assert.equal(attempts.length, 3);
    answerFirst({ status: 503, retryAfter: 30 });
    await runStep(step, context({ deadlineAt: systemClock.now() + 500 }));
    assert.equal(attempts.length, 4);
  });

  it('a write is unknown once an attempt ended without a definite no, whatever came later', async () => {
    answerFirst({ status: 0 }, { status: 503 }, { status: 503 });
    const end = await runStep(step, context());
    assert.equal(outcomes(), 'reset_before shed shed');
    assert.deepEqual([end.how, end.how === 'failed' && end.mayHaveHappened], ['failed', true]);
  });

  it('a write that was refused each time has failed and is not unknown', async () => {
    answerFirst({ status: 503 }, { status: 503 }, { status: 503 });
    const end = await runStep(step, context());
    assert.deepEqual([end.how, end.how === 'failed' && end.mayHaveHappened], ['failed', false]);
    answerFirst({ status: 503, definite: false }, { status: 503 }, { status: 503 });
    const unsure = await runStep(step, context());
    assert.deepEqual([unsure.how, unsure.how === 'failed' && unsure.mayHaveHappened], ['failed', true]);
  });

  it('a retry after a cut may be a replay; a first attempt may not', async () => {
    let cut = true;
    fake.hook = () => {
      const lie = cut ? ('no-answer' as const) : undefined;
      cut = false;
      return lie;
    };
    assert.equal((await runStep(step, context())).how, 'right');
    assert.equal(outcomes(), 'reset_before ok');
    attempts = [];
    await runStep(step, context());
    assert.equal(attempts[0]?.outcome, 'corrupt', 'a replay of a key that this step never sent');
  });

  it('ends at once when the run does', async () => {
    answerFirst({ status: 503 });
    const running = runStep(step, context({ pausesMs: [60_000, 60_000], deadlineAt: systemClock.now() + 120_000 }));
    while (attempts.length === 0) await systemClock.sleep(5);
    cancel.abort();
    assert.equal((await running).how, 'cancelled');
  });
});
