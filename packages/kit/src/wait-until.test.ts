import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Clock } from './clock.ts';
import { EncoreError } from './encore-error.ts';
import { waitUntil } from './wait-until.ts';

/** A clock whose sleep advances the time immediately. */
function jumpingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

describe('waitUntil', () => {
  it('polls at the given interval and returns the first value', async () => {
    const clock = jumpingClock();
    const value = await waitUntil('the third poll', () => (clock.now() >= 200 ? 'here' : undefined), {
      timeoutMs: 1_000,
      everyMs: 100,
      clock,
    });
    assert.equal(value, 'here');
    assert.equal(clock.now(), 200);
  });

  it('names the condition and the last error on timeout', async () => {
    const clock = jumpingClock();
    const probe = (): never => {
      throw new Error('connection refused');
    };
    await assert.rejects(waitUntil('a server', probe, { timeoutMs: 300, clock }), (error) => {
      assert.ok(error instanceof EncoreError);
      assert.equal(error.code, 'TIMED_OUT');
      assert.match(error.message, /timed out after 0\.3 s waiting for a server; last error: connection refused/);
      return true;
    });
  });

  it('stops immediately when aborted', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(
      waitUntil('anything', () => false, { timeoutMs: 1_000, signal: aborted }),
      /enough/,
    );
  });
});
