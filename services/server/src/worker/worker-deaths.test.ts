/** Which deaths of a worker count against its document. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Clock, EncoreError, waitUntil } from '@encore/kit';
import { afterEach, describe, it } from 'mocha';
import { smallScore } from '../testing/fixture-server.ts';
import { children, hasCode, jobOf, large, never, testPool } from '../testing/test-pool.ts';
import type { WorkerPool, WorkerPoolOptions } from './worker-pool.ts';

/** CPU time in user mode, in ticks of 10 ms. */
function userTicks(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]);
}

describe('WorkerPool', function () {
  this.timeout(120_000);
  let pool: WorkerPool;
  const create = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
    pool = testPool(options);
    return pool;
  };
  afterEach(() => pool[Symbol.asyncDispose]());

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
});
