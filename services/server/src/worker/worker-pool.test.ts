import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type Clock, EncoreError, systemClock, waitUntil } from '@encore/kit';
import { defaultScoreLimits } from '@encore/music';
import { afterEach, describe, it } from 'mocha';
import { collectGarbage } from '../resilience/collect-garbage.ts';
import { smallScore } from '../testing/fixture-server.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';
import type { Job } from './worker-process.ts';

const chunk = 64 * 1024;

function jobOf(text: string, atTheThirdPiece = () => {}): Job<{ kind: 'summary' }> {
  const bytes = Buffer.from(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) {
      if (at === 2 * chunk) atTheThirdPiece();
      yield bytes.subarray(at, at + chunk);
    }
  }
  return {
    task: { kind: 'summary' },
    source: { bytes: pieces() },
    limits: defaultScoreLimits,
    returnScoreUpToNotes: 1_000,
  };
}

const hasCode = (code: string) => (error: unknown) => error instanceof EncoreError && error.code === code;
const never = new AbortController().signal;
const large = smallScore('C', 150_000);

function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
}

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

/** CPU time in user mode, in ticks of 10 ms. */
function userTicks(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]);
}

describe('WorkerPool', function () {
  this.timeout(120_000);
  let pool: WorkerPool;
  const create = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
    pool = new WorkerPool({
      processes: 2,
      heapMegabytes: 192,
      maxQueued: 4,
      maxWaitMs: 20_000,
      idleMs: 60_000,
      clock: systemClock,
      freeBytes: () => Number.POSITIVE_INFINITY,
      onDeath: () => {},
      ...options,
    });
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

  it('quarantines a document for a while after three deaths of its worker', async () => {
    let now = 0;
    const clock: Clock = { now: () => now, sleep: async () => {} };
    const deaths: string[] = [];
    create({ processes: 1, heapMegabytes: 12, clock, onDeath: (reason) => deaths.push(reason) });
    for (let i = 0; i < 3; i++) {
      await assert.rejects(pool.run(jobOf(large), 'poison', never), hasCode('WORKER_DIED'));
    }
    assert.equal(deaths.length, 3);
    await assert.rejects(pool.run(jobOf(large), 'poison', never), hasCode('QUARANTINED'));
    assert.equal(pool.stats.quarantined, 1);
    const { result } = await pool.run(jobOf(smallScore('C', 2)), 'innocent', never);
    assert.equal(result.measures, 2);
    now = 10 * 60_000 + 1;
    await assert.rejects(pool.run(jobOf(large), 'poison', never), hasCode('WORKER_DIED'));
  });

  /** Runs a job whose worker is ended by `end` at the third piece. */
  const endedBy = (end: (pid: number) => void): Promise<unknown> =>
    pool.run(
      jobOf(large, () => end(Number(children().at(-1)))),
      'unlucky',
      never,
    );

  it('counts a death by the kernel only if memory is not low', async function () {
    if (process.platform !== 'linux') this.skip();
    let freeBytes = 191 * 1024 * 1024;
    create({ processes: 1, freeBytes: () => freeBytes });
    const kill = (pid: number): void => void process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 4; i++) await assert.rejects(endedBy(kill), hasCode('WORKER_DIED'));
    assert.equal(pool.stats.quarantined, 0);
    freeBytes = 192 * 1024 * 1024;
    for (let i = 0; i < 3; i++) await assert.rejects(endedBy(kill), hasCode('WORKER_DIED'));
    assert.equal(pool.stats.quarantined, 1);
  });

  it('counts a crash even if memory is low', async function () {
    if (process.platform !== 'linux') this.skip();
    create({ processes: 1, freeBytes: () => 0 });
    const crash = (pid: number): void => void process.kill(pid, 'SIGABRT');
    for (let i = 0; i < 3; i++) await assert.rejects(endedBy(crash), hasCode('WORKER_DIED'));
    assert.equal(pool.stats.quarantined, 1);
  });

  it('counts a missed deadline only if the worker had CPU time', async function () {
    if (process.platform !== 'linux') this.skip();
    let now = 0;
    create({ processes: 1, clock: { now: () => now, sleep: async () => {} } });
    const missDeadline = async (afterMs: number): Promise<void> => {
      const deadline = new AbortController();
      async function* endless(): AsyncGenerator<Uint8Array> {
        const pid = String(children().at(-1));
        const before = userTicks(pid);
        yield Buffer.from(large);
        await waitUntil('100 ms of CPU time', () => userTicks(pid) >= before + 10, { timeoutMs: 30_000 });
        now += afterMs;
        deadline.abort(new EncoreError('TOOL_TIMEOUT', 'too late'));
      }
      const job = { ...jobOf(''), source: { bytes: endless() } };
      await assert.rejects(pool.run(job, 'slow', deadline.signal), hasCode('TOOL_TIMEOUT'));
    };
    for (let i = 0; i < 4; i++) await missDeadline(100_000);
    assert.equal(pool.stats.quarantined, 0);
    for (let i = 0; i < 3; i++) await missDeadline(150);
    assert.equal(pool.stats.quarantined, 1);
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

  it('replaces a process after a large document', async () => {
    create({ processes: 1 });
    await pool.run(jobOf(smallScore('C', 100_000)), 'large', never);
    await waitUntil('a fresh process', () => pool.stats.processes === 1, { timeoutMs: 5_000 });
    const { result } = await pool.run(jobOf(smallScore()), 'small', never);
    assert.equal(result.measures, 1);
  });
});
