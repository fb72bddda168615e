import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import type { Dispatcher } from 'undici';
import { inMockedTime, sleepOfMockedTime } from '../testing/mocked-time.ts';
import { OperationRun } from './operation-run.ts';

/** Longer than a deadline and the grace after it. */
const diskMs = 80_000;
const digest = '0'.repeat(64);

describe('operation', () => {
  it('is not taken for code that waits forever while its disk is slow', async () => {
    const random = new Random(1);
    const clock = { now: () => Date.now(), sleep: sleepOfMockedTime };
    const refuse = async () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    const entries: string[] = [];
    const operation = new OperationRun({
      info: {
        runId: 'run',
        parameters: {},
        users: 1,
        mix: {},
        thinkSeconds: { min: 1, max: 1 },
        number: 1,
        id: 'run-u1',
        random,
      },
      state: undefined,
      planned: { number: 1, operation: 'add', paceMs: 1, plan: undefined },
      suffix: '',
      clock,
      step: {
        dispatcher: { request: refuse } as unknown as Dispatcher,
        clock,
        random,
        errors: undefined,
        user: 1,
        clientId: 'run-u1',
        cancel: new AbortController().signal,
        backoffMs: [1, 1],
        blockedMsSince: () => 0,
      },
      deadlineMs: undefined,
      attemptEnded: () => {},
      record: async ({ type }) => {
        entries.push(type);
        await sleepOfMockedTime(diskMs);
      },
      begin: async () => true,
    });
    const performed = await inMockedTime(() =>
      operation.perform(async ({ newId, write }) => {
        await write(newId(), digest, { method: 'PUT', path: '/items/1' });
      }),
    );
    assert.deepEqual([performed.kind, entries], ['ended', ['intended', 'refused']]);
  });
});
