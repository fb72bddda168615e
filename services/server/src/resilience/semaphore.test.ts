import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { overloaded, Semaphore } from './semaphore.ts';

const create = (places: number, maxQueued: number, maxWaitMs = 5_000): Semaphore =>
  new Semaphore({ places, maxQueued, maxWaitMs, refuse: () => overloaded('full') });

describe('Semaphore', () => {
  it('lets in as many as there are places, the next in the order in which they came, and refuses past the queue', async () => {
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
    assert.deepEqual(order, [1], 'leaving twice gives back one place');
    (await waiting[0])?.();
    await Promise.all(waiting);
    assert.deepEqual(order, [1, 2]);
  });

  it('forgets who gives up waiting', async () => {
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

  it('lets nobody wait longer than allowed', async () => {
    const semaphore = create(1, 10, 30);
    await semaphore.enter();
    const startedAt = performance.now();
    await assert.rejects(semaphore.enter(), /full/);
    assert.ok(performance.now() - startedAt < 1_000);
    assert.equal(semaphore.queued, 0);
  });

  it('lets nobody join a queue that stands, and everybody again when it moves', async () => {
    const semaphore = new Semaphore({
      places: 1,
      maxQueued: 10,
      maxWaitMs: 60_000,
      standingMs: 50,
      refuse: () => overloaded('full'),
    });
    const leave = await semaphore.enter();
    const first = semaphore.enter();
    const second = semaphore.enter();
    assert.equal(semaphore.room, 8, 'a queue that was just formed is a burst');
    await waitUntil('the queue to stand', () => semaphore.room === 0, { timeoutMs: 5_000, everyMs: 5 });
    await assert.rejects(semaphore.enter(), /full/);
    leave();
    const leaveFirst = await first;
    leaveFirst();
    await second;
    assert.equal(semaphore.room, 10);
  });

  it('gives the place back when the work fails', async () => {
    const semaphore = create(1, 0);
    await assert.rejects(
      semaphore.run(() => Promise.reject(new Error('broken'))),
      /broken/,
    );
    assert.equal(await semaphore.run(async () => 'next'), 'next');
  });
});
