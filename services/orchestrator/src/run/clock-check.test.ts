import assert from 'node:assert/strict';
import { type Clock, EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { clockAhead, clockCheck } from './clock-check.ts';

describe('clocks of the lab', () => {
  /** One whose answer takes this long, with a clock that is this far ahead. */
  const ask = (aheadMs: number, wayMs: number) => {
    let now = 1_000_000;
    const clock: Clock = { now: () => now, sleep: async () => undefined };
    const theirs = async () => {
      now += wayMs / 2;
      const time = now + aheadMs;
      now += wayMs / 2;
      return time;
    };
    return clockAhead('chaos', theirs, clock);
  };
  const check = async (...aheads: number[]) =>
    clockCheck(await Promise.allSettled(aheads.map((aheadMs) => ask(aheadMs, 10))));

  it('agree when the difference is no more than the way of the answer', async () => {
    assert.equal((await ask(200, 500)).aheadMs, 0);
    assert.equal((await ask(-200, 500)).aheadMs, 0);
    assert.equal((await check(0, 40)).state, 'ok');
  });

  it('are off by what is left, ahead or behind, and a whole second is too much', async () => {
    assert.equal((await ask(-7_200_000, 10)).aheadMs, -7_199_995);
    const slightly = await check(0, -300);
    assert.deepEqual([slightly.state, slightly.found], ['warn', 'chaos is -0.3 s off']);
    const slept = await check(7_200_000, 0);
    assert.equal(slept.state, 'fail');
    assert.match(slept.fix ?? '', /docker compose restart/);
  });

  it('cannot be compared with one that does not answer', async () => {
    const lost = clockAhead('chaos', async () => Promise.reject(new EncoreError('UNREACHABLE', 'gone')), {
      now: () => 0,
      sleep: async () => undefined,
    });
    assert.deepEqual(clockCheck(await Promise.allSettled([lost])).state, 'fail');
  });
});
