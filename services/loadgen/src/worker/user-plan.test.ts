/** The plans of users: the recorded ones of the music workload, mix, pace and determinism. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Random } from '@encore/kit';
import { defineWorkload, type UserInfo } from '@encore/workload';
import music from '@encore/workload-music';
import { describe, it } from 'mocha';
import recorded from './recorded-plans.json' with { type: 'json' };
import { type AnyWorkload, type PlannedOperation, UserPlan } from './user-plan.ts';

const mix = { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 };
const settings = { mix, thinkSeconds: { min: 1, max: 5 }, users: 100, parameters: music.parameters ?? {} };

function planOf(workload: AnyWorkload, seed: number, number: number, changes: Partial<UserInfo> = {}): UserPlan {
  const random = new Random(seed).fork(`users/${number}`);
  return new UserPlan(workload, { ...settings, runId: 'run', number, id: `run-u${number}`, random, ...changes });
}

/** One line per operation, as it was recorded before the music load became a workload. */
function lineOf({ operation, paceMs, plan }: PlannedOperation): string {
  const { choice, throughTools, upload } = plan as ReturnType<NonNullable<typeof music.plan>>;
  return JSON.stringify([operation, paceMs, choice, throughTools, upload?.seed ?? null, upload?.targetBytes ?? null]);
}

describe('user plan', () => {
  for (const { seed, user, users, mix, thinkSeconds, byteBudgetPerSecond, operations, sha256 } of recorded) {
    it(`plans the recorded operations for user ${user} of ${users} with seed ${seed}`, () => {
      const parameters = { byteBudgetPerSecond, liveScoresPerUser: 20 };
      const plan = planOf(music, seed, user, { users, mix, thinkSeconds, parameters });
      const hash = createHash('sha256');
      for (let i = 0; i < 2_000; i += 1) {
        const line = lineOf(plan.next());
        if (i < operations.length) assert.equal(line, JSON.stringify(operations[i]), `operation ${i + 1}`);
        hash.update(`${line}\n`);
      }
      assert.equal(hash.digest('hex'), sha256);
    });
  }

  it('is deterministic and varies with seed and user', () => {
    const make = (seed: number, user: number) => {
      const plan = planOf(music, seed, user);
      return JSON.stringify(Array.from({ length: 60 }, () => plan.next()));
    };
    assert.equal(make(7, 1), make(7, 1));
    assert.notEqual(make(7, 1), make(7, 2));
    assert.notEqual(make(7, 1), make(8, 1));
  });

  it('keeps the mix and the think time', () => {
    const plan = planOf(music, 3, 1);
    const counts: Record<string, number> = {};
    let paceMs = 0;
    const total = 3_000;
    for (let i = 0; i < total; i += 1) {
      const operation = plan.next();
      counts[operation.operation] = (counts[operation.operation] ?? 0) + 1;
      paceMs += operation.paceMs;
    }
    for (const [kind, weight] of Object.entries(mix)) {
      const share = (counts[kind] ?? 0) / total;
      assert.ok(Math.abs(share - weight / 105) < 0.03, `${kind}: ${share}`);
    }
    assert.ok(Math.abs(paceMs / total / 3_000 - 1) < 0.03);
  });

  it('starts with the first operation of the workload and does not need a plan function', () => {
    const run = () => {};
    const probe = { request: { method: 'GET' as const, path: '/' } };
    const workload = defineWorkload({
      operations: { read: { weight: 1, run }, login: { weight: 0, run } },
      first: 'login',
      probe,
    });
    const plan = planOf(workload, 1, 1, { mix: { read: 1 } });
    assert.deepEqual([plan.next().operation, plan.next().operation], ['login', 'read']);
  });
});
