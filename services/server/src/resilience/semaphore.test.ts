import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { overloaded, Semaphore } from './semaphore.ts';

const create = (slots: number, maxQueued: number, maxWaitMs = 5_000): Semaphore =>
  new Semaphore({ slots, maxQueued, maxWaitMs, refuse: () => overloaded('full') });

describe('Semaphore', () => {
  it('admits up to its slots, queues the next ones in order, and refuses when the queue is full', async () => {
    const semaphore = create(2, 2);
    const first = await semaphore.enter();
    await semaphore.enter();
    const order: number[] = [];
    const waiting = [1, 2].map(async (n) => {
      const leave = await semaphore.enter();
      order.push(n);
      return leave;
    });
    await assert.rejects(semaphore.enter(), /full/);
    assert.deepEqual([semaphore.taken, semaphore.queued], [2, 2]);
    first();
    first();
    await turn();
    assert.deepEqual(order, [1], 'releasing twice frees one slot');
    (await waiting[0])?.();
    await Promise.all(waiting);
    assert.deepEqual(order, [1, 2]);
  });

  it('removes an aborted request from the queue', async () => {
    const semaphore = create(1, 1);
    const leave = await semaphore.enter();
    const client = new AbortController();
    const abandoned = semaphore.enter(client.signal);
    client.abort(new Error('gone'));
    await assert.rejects(abandoned, /gone/);
    assert.equal(semaphore.queued, 0);
    leave();
    assert.equal(semaphore.taken, 0);
    await assert.rejects(semaphore.enter(AbortSignal.abort(new Error('too late'))), /too late/);
    assert.equal(semaphore.taken, 0);
  });

  it('refuses a request that waits until the deadline', async () => {
    const semaphore = create(1, 10, 30);
    await semaphore.enter();
    const startedAt = performance.now();
    await assert.rejects(semaphore.enter(), /full/);
    assert.ok(performance.now() - startedAt < 1_000);
    assert.equal(semaphore.queued, 0);
  });

  it('refuses a request that cannot expect a slot within half of the deadline', async () => {
    let now = 0;
    const freed: (() => void)[] = [];
    const semaphore = new Semaphore({
      slots: 1,
      maxQueued: 100,
      maxWaitMs: 60_000,
      refuse: () => overloaded('full'),
      now: () => now,
    });
    assert.equal(semaphore.headroom, 101, 'no interval is known yet');
    // 40 slots become free, one per second, while requests wait.
    for (let i = 0; i < 50; i++) void semaphore.run(() => new Promise<void>((resolve) => freed.push(resolve)));
    await turn();
    for (let i = 0; i < 40; i++) await free(1_000);
    assert.equal(semaphore.queued, 9);
    const { headroom } = semaphore;
    assert.ok(headroom >= 20 && headroom <= 21, `30 s at one slot per second, less 9: ${headroom}`);
    for (let i = 0; i < headroom; i++) void semaphore.run(() => new Promise<void>((resolve) => freed.push(resolve)));
    await assert.rejects(
      semaphore.run(async () => 'late'),
      /full/,
    );
    // The work becomes ten times faster, so the same queue takes less time.
    for (let i = 0; i < 25; i++) await free(100);
    assert.ok(semaphore.headroom > 80, `${semaphore.headroom}`);
    for (let i = 0; i < headroom - 15; i++) await free(100);
    assert.equal(semaphore.taken, 0);
    assert.equal(semaphore.headroom, 101, 'however fast the work is, the queue has a length');

    async function free(afterMs: number): Promise<void> {
      now += afterMs;
      freed.shift()?.();
      await turn();
    }
  });

  it('takes the returning requests after a stall that is over', async () => {
    let now = 0;
    const freed: (() => void)[] = [];
    const semaphore = new Semaphore({
      slots: 32,
      maxQueued: 500,
      maxWaitMs: 2_000,
      refuse: () => overloaded('full'),
      now: () => now,
    });
    const arrive = () => void semaphore.run(() => new Promise<void>((resolve) => freed.push(resolve)));
    let arrives = true;
    for (let i = 0; i < 40; i++) arrive();
    // 900 requests per second, as many as arrive, with eight waiting.
    for (let i = 0; i < 500; i++) await free(1.1);
    // For half a second nothing is answered, and then as fast as before.
    now += 500;
    await free(1.1);
    assert.ok(
      semaphore.headroom > 250,
      `${semaphore.headroom}: the last second, including the stall, freed some 600 slots`,
    );
    // Nobody is waiting when the test ends.
    arrives = false;
    while (semaphore.taken > 0) await free(1.1);

    async function free(afterMs: number): Promise<void> {
      now += afterMs;
      freed.shift()?.();
      await turn();
      if (arrives) arrive();
    }
  });

  it('keeps its queue open even though the first requests are slow', async () => {
    let now = 0;
    const freed: (() => void)[] = [];
    const refuse = () => overloaded('full');
    const semaphore = new Semaphore({ slots: 32, maxQueued: 128, maxWaitMs: 1_000, refuse, now: () => now });
    for (let i = 0; i < 160; i++) void semaphore.run(() => new Promise<void>((resolve) => freed.push(resolve)));
    await turn();
    assert.equal(semaphore.queued, 128);
    // A cold process: 30 ms for each of the first requests.
    for (let i = 0; i < 3; i++) {
      now += 30;
      freed.shift()?.();
      await turn();
    }
    assert.ok(semaphore.queued + semaphore.headroom > 100, `${semaphore.headroom} more`);
    for (; semaphore.taken > 0; await turn()) freed.shift()?.();
  });

  it('releases the slot when the work fails', async () => {
    const semaphore = create(1, 0);
    await assert.rejects(
      semaphore.run(() => Promise.reject(new Error('broken'))),
      /broken/,
    );
    assert.equal(await semaphore.run(async () => 'next'), 'next');
  });
});
