import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Dispatcher } from 'undici';
import { inMockedTime, sleepOfMockedTime } from '../testing/mocked-time.ts';
import { testOperation, testTransport } from '../testing/test-operation.ts';

/** Longer than a deadline and the grace after it. */
const diskMs = 80_000;
const digest = '0'.repeat(64);

describe('operation', () => {
  it('is not taken for code that waits forever while its disk is slow', async () => {
    const clock = { now: () => Date.now(), sleep: sleepOfMockedTime };
    const refuse = async () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    const entries: string[] = [];
    const operation = testOperation({
      transport: testTransport({ request: refuse } as unknown as Dispatcher, { clock }),
      record: async ({ type }) => {
        entries.push(type);
        await sleepOfMockedTime(diskMs);
      },
    });
    const performed = await inMockedTime(() =>
      operation.perform(async ({ newId, write }) => {
        await write(newId(), digest, { method: 'PUT', path: '/items/1' });
      }),
    );
    assert.deepEqual([performed.kind, entries], ['ended', ['intended', 'refused']]);
  });
});
