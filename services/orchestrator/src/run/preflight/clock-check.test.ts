import assert from 'node:assert/strict';
import { type Clock, EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { clockAhead, clockCheck } from './clock-check.ts';

describe('clockCheck', () => {
  /** A service with this response time and clock offset. */
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

  it('accepts a difference within the network delay', async () => {
    assert.equal((await ask(200, 500)).aheadMs, 0);
    assert.equal((await ask(-200, 500)).aheadMs, 0);
    assert.equal((await check(0, 40)).state, 'ok');
  });

  it('warns of an offset, and fails from one second on', async () => {
    assert.equal((await ask(-7_200_000, 10)).aheadMs, -7_199_995);
    const slightly = await check(0, -300);
    assert.deepEqual([slightly.state, slightly.found], ['warn', 'chaos is -0.3 s off']);
    const slept = await check(7_200_000, 0);
    assert.equal(slept.state, 'fail');
    assert.match(slept.fix ?? '', /docker compose restart/);
  });

  it('fails when a service does not respond', async () => {
    const lost = clockAhead('chaos', async () => Promise.reject(new EncoreError('UNREACHABLE', 'gone')), {
      now: () => 0,
      sleep: async () => undefined,
    });
    assert.deepEqual(clockCheck(await Promise.allSettled([lost])).state, 'fail');
  });
});
