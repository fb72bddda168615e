import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Clock } from './clock.ts';
import { EncoreError } from './encore-error.ts';
import { waitUntil } from './wait-until.ts';

/** A clock that jumps by what is slept. */
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
  it('returns the first value that is there, asking at the given pace', async () => {
    const clock = jumpingClock();
    const value = await waitUntil('the third ask', () => (clock.now() >= 200 ? 'here' : undefined), {
      timeoutMs: 1_000,
      everyMs: 100,
      clock,
    });
    assert.equal(value, 'here');
    assert.equal(clock.now(), 200);
  });

  it('says what it waited for and quotes the last error when the time is over', async () => {
    const clock = jumpingClock();
    const probe = (): never => {
      throw new Error('connection refused');
    };
    await assert.rejects(waitUntil('a server', probe, { timeoutMs: 300, clock }), (error) => {
      assert.ok(error instanceof EncoreError);
      assert.equal(error.code, 'TIMED_OUT');
      assert.match(error.message, /300 ms in vain for a server; last error: connection refused/);
      return true;
    });
  });

  it('stops at once when it is aborted', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(
      waitUntil('anything', () => false, { timeoutMs: 1_000, signal: aborted }),
      /enough/,
    );
  });
});
