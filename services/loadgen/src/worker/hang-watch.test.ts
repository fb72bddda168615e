import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inMockedTime } from '../testing/mocked-time.ts';
import { untilHung } from './hang-watch.ts';

describe('hang watch', () => {
  it('rejects some seconds after the deadline', async () => {
    const hung = inMockedTime(() => untilHung(new Promise(() => {}), { now: () => 5_000, deadlineAt: () => 0 }));
    await assert.rejects(hung, /did not end within 5 s of its deadline/);
  });

  it('waits for code whose requests have not expired, or that has not begun', async () => {
    const wait = async (deadline: number | null) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      let checks = 0;
      const deadlineAt = () => {
        checks += 1;
        if (checks === 3) resolve('done');
        return deadline;
      };
      return await untilHung(promise, { now: () => 5_000, deadlineAt });
    };
    for (const deadline of [1, null]) assert.equal(await inMockedTime(() => wait(deadline)), 'done');
  });

  it('rejects as the code does', async () => {
    const watched = { now: () => 0, deadlineAt: () => null };
    await assert.rejects(untilHung(Promise.reject(new Error('a mistake')), watched), /a mistake/);
  });
});
