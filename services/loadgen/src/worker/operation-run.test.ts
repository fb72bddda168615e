import assert from 'node:assert/strict';
import { Random, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import type { Dispatcher } from 'undici';
import { OperationRun } from './operation-run.ts';

/** Time runs this many times faster, so that deadlines pass in the test. */
const factor = 20;
const diskMs = 4_000;
const digest = '0'.repeat(64);

describe('operation', function () {
  this.timeout(60_000);

  it('is not taken for code that waits forever while its disk is slow', async () => {
    const random = new Random(1);
    const clock = { now: () => performance.now() * factor, sleep: systemClock.sleep };
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
        await systemClock.sleep(diskMs);
      },
      begin: async () => true,
    });
    const performed = await operation.perform(async ({ newId, write }) => {
      await write(newId(), digest, { method: 'PUT', path: '/items/1' });
    });
    assert.deepEqual([performed.kind, entries], ['ended', ['intended', 'refused']]);
  });
});
