/** Determinism, mix, pace and upload budget of user plans. */
import assert from 'node:assert/strict';
import type { LoadConfig } from '@encore/contracts';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import { ByteBudget } from './byte-budget.ts';
import { UserPlan } from './user-plan.ts';

const load: LoadConfig = {
  mix: { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 },
  thinkSeconds: { min: 1, max: 5 },
  byteBudgetPerSecond: 1_000_000,
  liveScoresPerUser: 20,
  probesPerSecond: 10,
};

/** Returns the upload sizes of all plans in this time, without generating scores. */
function uploads(config: LoadConfig, users: number, seconds: number, seed: number): number[] {
  const sizes: number[] = [];
  const kinds = Object.entries(config.mix).map(([item, weight]) => ({ item, weight }));
  for (let user = 1; user <= users; user += 1) {
    const random = new Random(seed).fork(`users/${user}`);
    const budget = new ByteBudget(config, users, user, random.fork('sizes'));
    for (let at = 0; at < seconds; at += random.between(config.thinkSeconds.min, config.thinkSeconds.max)) {
      budget.earn();
      const kind = random.weighted(kinds);
      if (kind === 'analyze' || kind === 'export') continue;
      const size = kind === 'heavy' ? budget.heavySize() : budget.lightSize();
      budget.spend(size);
      sizes.push(size);
    }
  }
  return sizes;
}

describe('user plan', () => {
  it('is deterministic and varies with seed and user', () => {
    const make = (seed: number, user: number) => {
      const plan = new UserPlan(load, 100, user, new Random(seed).fork(`users/${user}`), `run-u${user}`);
      const operations = [];
      for (let i = 0; i < 60; i += 1) operations.push(plan.next());
      return JSON.stringify(operations);
    };
    assert.equal(make(7, 1), make(7, 1));
    assert.notEqual(make(7, 1), make(7, 2));
    assert.notEqual(make(7, 1), make(8, 1));
  });

  it('keeps the mix and the think time', () => {
    const plan = new UserPlan({ ...load, byteBudgetPerSecond: 1 }, 100, 1, new Random(3), 'mix');
    const counts: Record<string, number> = {};
    let paceMs = 0;
    const total = 3_000;
    for (let i = 0; i < total; i += 1) {
      const operation = plan.next();
      counts[operation.kind] = (counts[operation.kind] ?? 0) + 1;
      paceMs += operation.paceMs;
    }
    for (const [kind, weight] of Object.entries(load.mix)) {
      const share = (counts[kind] ?? 0) / total;
      assert.ok(Math.abs(share - weight / 105) < 0.03, `${kind}: ${share}`);
    }
    assert.ok(Math.abs(paceMs / total / 3_000 - 1) < 0.03);
  });
});

describe('byte budget', () => {
  for (const [users, budget] of [
    [100, 1_000_000],
    [20, 1_000_000],
    [10, 200_000],
    [100, 5_000_000],
  ] as const) {
    it(`makes ${users} users upload ${budget} bytes per second within 10 %, from small to extreme`, () => {
      const seconds = 6 * 3_600;
      const config = { ...load, byteBudgetPerSecond: budget };
      const sizes = uploads(config, users, seconds, 11);
      const mean = sizes.reduce((sum, size) => sum + size, 0) / seconds;
      assert.ok(Math.abs(mean / budget - 1) < 0.1, `${mean} instead of ${budget}`);
      for (const [from, to] of [
        [4e3, 9e3],
        [4e4, 8e4],
        [1e5, 4e6],
        [5e6, 5e7],
      ] as const) {
        assert.ok(
          sizes.some((size) => size >= from && size <= to),
          `none from ${from} to ${to}`,
        );
      }
      assert.ok(sizes.every((size) => size <= 50_000_000));
    });
  }

  it('is met within 10 % in the first half hour, for any seed', () => {
    const seconds = 1_800;
    const shares = Array.from({ length: 10 }, (_, i) => {
      const bytes = uploads(load, 100, seconds, i + 1).reduce((sum, size) => sum + size, 0);
      return bytes / seconds / load.byteBudgetPerSecond;
    });
    assert.ok(
      shares.every((share) => Math.abs(share - 1) < 0.1),
      shares.map((share) => share.toFixed(3)).join(' '),
    );
  });

  it('is met within 15 % without heavy operations', () => {
    const config = { ...load, mix: { ...load.mix, heavy: 0 }, byteBudgetPerSecond: 500_000 };
    const sizes = uploads(config, 100, 3_600, 5);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / 3_600;
    assert.ok(Math.abs(mean / 500_000 - 1) < 0.15, `${mean}`);
  });
});
