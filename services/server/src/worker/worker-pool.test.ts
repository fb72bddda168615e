import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type Clock, EncoreError, systemClock, waitUntil } from '@encore/kit';
import { collectGarbage } from '@encore/kit/collect-garbage';
import { afterEach, describe, it } from 'mocha';
import { smallScore } from '../testing/fixture-server.ts';
import { children, chunk, hasCode, jobOf, large, never, testPool } from '../testing/test-pool.ts';
import type { WorkerPool, WorkerPoolOptions } from './worker-pool.ts';

/** The child processes that the kernel would kill first. */
function workers(): string[] {
  return children().filter((pid) => {
    const path = `/proc/${pid}/oom_score_adj`;
    return existsSync(path) && readFileSync(path, 'utf8').trim() === '1000';
  });
}

/** A clock whose waits end when the test ends them, independent of the speed of the machine. */
function manualClock(): { clock: Clock; waits: { ms: number; end: () => void }[] } {
  const waits: { ms: number; end: () => void }[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waits.push({ ms, end: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  return { clock: { now: systemClock.now, sleep }, waits };
}

describe('WorkerPool', function () {
  this.timeout(120_000);
  let pool: WorkerPool;
  const create = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
    pool = testPool(options);
    return pool;
  };
  afterEach(() => pool[Symbol.asyncDispose]());

  it('parses in a process that the kernel kills before the server', async function () {
    if (process.platform !== 'linux') this.skip();
    create({ processes: 1 });
    const { result, score } = await pool.run(jobOf(smallScore('C', 3)), 'a', never);
    assert.deepEqual(result, { parts: 1, measures: 3, notes: 3 });
    assert.equal(score?.notes.midi[0], 60);
    assert.equal(workers().length, 1);
  });

  it('returns scores that keep only their own memory', async () => {
    create({ processes: 1 });
    const { score } = await pool.run(jobOf(smallScore('C', 100)), 'own', never);
    assert.ok(score);
    const columns = Object.values(score.notes).filter((column) => ArrayBuffer.isView(column));
    assert.equal(columns.length, 13);
    for (const { buffer, byteLength } of columns) assert.equal(buffer.byteLength, byteLength);
  });

  it('leaves a compile cache to its successors, although its processes are killed', async () => {
    const previous = process.env['NODE_COMPILE_CACHE'];
    const folder = mkdtempSync(join(tmpdir(), 'encore-compile-'));
    process.env['NODE_COMPILE_CACHE'] = folder;
    try {
      create({ processes: 1 });
      await pool.run(jobOf(smallScore('C', 3)), 'first', never);
      const files = () => readdirSync(folder, { recursive: true }).length;
      await waitUntil('the cache', () => files() > 10, { timeoutMs: 20_000 });
    } finally {
      if (previous === undefined) delete process.env['NODE_COMPILE_CACHE'];
      else process.env['NODE_COMPILE_CACHE'] = previous;
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps nothing of a completed job', async () => {
    create({ processes: 1 });
    const run = async (): Promise<WeakRef<object>> => {
      const job = jobOf(smallScore('C', 100));
      await pool.run(job, 'over', never);
      return new WeakRef(job.source);
    };
    const source = await run();
    await turn();
    collectGarbage();
    assert.equal(source.deref(), undefined);
    assert.equal(pool.stats.processes, 1);
  });

  it('keeps a process for light jobs while heavy ones run and wait', async () => {
    create();
    const released = Promise.withResolvers<void>();
    async function* waiting(): AsyncGenerator<Uint8Array> {
      await released.promise;
      yield Buffer.from(smallScore('C', 3));
    }
    const heavy = ['first', 'second'].map((name) => {
      const job = { ...jobOf(''), source: { bytes: waiting() } };
      return pool.run(job, name, never, 'heavy');
    });
    await turn();
    const { result } = await pool.run(jobOf(smallScore('C', 2)), 'light', never);
    assert.equal(result.measures, 2);
    assert.equal(pool.stats.queued, 1);
    released.resolve();
    for (const { result } of await Promise.all(heavy)) assert.equal(result.measures, 3);
  });

  it('returns typed errors and reuses the process', async () => {
    create({ processes: 1 });
    const broken = `${smallScore('C', 5_000)}<`;
    await assert.rejects(pool.run(jobOf(broken), 'broken', never), hasCode('MALFORMED_SCORE'));
    // The error occurs before all bytes are sent; the rest must not become part of the next
    // document.
    const early = `<score-partwise></wrong>${'x'.repeat(2_000_000)}`;
    await assert.rejects(pool.run(jobOf(early), 'early', never), hasCode('MALFORMED_SCORE'));
    const { result } = await pool.run(jobOf(smallScore('C', 2)), 'good', never);
    assert.equal(result.measures, 2);
    assert.equal(pool.stats.processes, 1);
  });

  it('kills the process of a job at its deadline and serves the next one', async () => {
    create({ processes: 1 });
    await pool.run(jobOf(smallScore()), 'warm', never);
    const deadline = new AbortController();
    let endedAt = 0;
    // The rest of the document takes a second.
    const job = jobOf(large, () => {
      endedAt = performance.now();
      deadline.abort(new EncoreError('TOOL_TIMEOUT', 'too late'));
    });
    await assert.rejects(pool.run(job, 'slow', deadline.signal), hasCode('TOOL_TIMEOUT'));
    assert.ok(performance.now() - endedAt < 500);
    assert.equal(pool.stats.processes, 2, 'the killed process, and one that starts before the next job needs it');
    const { result } = await pool.run(jobOf(smallScore('C', 4)), 'next', never);
    assert.equal(result.measures, 4);
  });

  it('kills the process of an abandoned job only if it does not finish soon', async function () {
    if (process.platform !== 'linux') this.skip();
    const { clock, waits } = manualClock();
    create({ processes: 1, clock });
    await pool.run(jobOf(smallScore()), 'warm', never);
    const [pid] = workers();
    const disconnecting = () => {
      const client = new AbortController();
      return { signal: client.signal, disconnect: () => client.abort(new EncoreError('CLIENT_GONE', 'disconnected')) };
    };

    const soon = disconnecting();
    await pool.run(jobOf(smallScore('C', 2_000), soon.disconnect), 'soon', soon.signal);
    assert.ok(soon.signal.aborted);
    assert.deepEqual(workers(), [pid], 'the job finished in time');

    const long = disconnecting();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(large).subarray(0, chunk);
      long.disconnect();
      for (let i = 0; i < 1_000; i += 1) {
        await sleep(20);
        yield Buffer.from(' ');
      }
    }
    const job = { ...jobOf(''), source: { bytes: endless() } };
    const rejected = assert.rejects(pool.run(job, 'long', long.signal), hasCode('CLIENT_GONE'));
    await waitUntil('the moment', () => waits.length === 2, { timeoutMs: 30_000 });
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [500, 500],
    );
    waits[1]?.end();
    await rejected;
    await waitUntil('the end of its process', () => !workers().includes(pid ?? ''), { timeoutMs: 30_000 });
  });

  it('refuses jobs beyond its queue and ends idle processes on request', async () => {
    create({ processes: 1, maxQueued: 1 });
    const running = [pool.run(jobOf(smallScore()), 'a', never), pool.run(jobOf(smallScore()), 'b', never)];
    await assert.rejects(pool.run(jobOf(smallScore()), 'c', never), hasCode('OVERLOADED'));
    await Promise.all(running);
    assert.equal(pool.stats.processes, 1);
    pool.endIdle();
    await waitUntil('the process to end', () => pool.stats.processes === 0, { timeoutMs: 5_000 });
    await pool.run(jobOf(smallScore()), 'd', never);
  });

  it('starts a second process only when the first stays busy', async () => {
    const { clock, waits } = manualClock();
    create({ processes: 2, clock });
    await pool.run(jobOf(smallScore()), 'warm', never);
    await Promise.all(['a', 'b'].map((name) => pool.run(jobOf(smallScore('C', 2_000)), name, never)));
    assert.equal(pool.stats.processes, 1);
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [200],
    );
    const long = pool.run(jobOf(large), 'long', never);
    const beside = pool.run(jobOf(smallScore()), 'beside it', never);
    await waitUntil('the second job to wait', () => waits.length === 2, { timeoutMs: 5_000, everyMs: 1 });
    assert.equal(pool.stats.processes, 1);
    waits[1]?.end();
    await beside;
    assert.equal(pool.stats.processes, 2);
    await long;
  });

  it('ends idle processes except the last one, even if all become idle together', async function () {
    if (process.platform !== 'linux') this.skip();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { clock, waits } = manualClock();
      create({ processes: 2, clock });
      const both = ['a', 'b'].map((name) => pool.run(jobOf(smallScore('C', 20_000)), name, never));
      await waitUntil('the second job to wait', () => waits.length === 1, { timeoutMs: 5_000, everyMs: 1 });
      waits[0]?.end();
      await Promise.all(both);
      const before = workers();
      assert.equal(before.length, 2);
      mock.timers.tick(60_000);
      await waitUntil('the end of one process', () => workers().length < 2, { timeoutMs: 5_000 });
      await pool.run(jobOf(smallScore()), 'next', never);
      const [pid = '', ...others] = workers();
      assert.deepEqual([before.includes(pid), others], [true, []]);
    } finally {
      mock.timers.reset();
    }
  });

  it('refuses a job whose deadline passes before it has a process', async () => {
    const { clock, waits } = manualClock();
    create({ processes: 2, clock });
    const running = pool.run(jobOf(smallScore('C', 20_000)), 'running', never);
    const deadline = new AbortController();
    const jobs = ['waits for a process', 'waits for a slot'].map((name) =>
      pool.run(jobOf(smallScore()), name, deadline.signal),
    );
    await waitUntil('the second job to wait', () => waits.length === 1, { timeoutMs: 5_000, everyMs: 1 });
    assert.equal(pool.stats.queued, 1);
    deadline.abort(new EncoreError('TOOL_TIMEOUT', 'too late'));
    waits[0]?.end();
    for (const job of jobs) await assert.rejects(job, hasCode('OVERLOADED'));
    await running;
  });

  it('replaces a process after a large document', async function () {
    if (process.platform !== 'linux') this.skip();
    create({ processes: 1 });
    await pool.run(jobOf(smallScore()), 'small', never);
    const [pid = ''] = workers();
    await pool.run(jobOf(smallScore('C', 100_000)), 'large', never);
    await waitUntil('a fresh process', () => workers().length === 1 && !workers().includes(pid), { timeoutMs: 5_000 });
    const { result } = await pool.run(jobOf(smallScore()), 'small', never);
    assert.equal(result.measures, 1);
  });
});
