/** The upload budget of all users together. */
import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import { type BudgetSettings, ByteBudget } from './byte-budget.ts';

type Settings = Omit<BudgetSettings, 'users'>;
const load = {
  mix: { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 },
  thinkSeconds: { min: 1, max: 5 },
  byteBudgetPerSecond: 1_000_000,
} satisfies Settings;

/** Returns the upload sizes of all plans in this time, without generating scores. */
function uploads(config: Settings, users: number, seconds: number, seed: number): number[] {
  const sizes: number[] = [];
  const kinds = Object.entries(config.mix).map(([item, weight]) => ({ item, weight }));
  for (let user = 1; user <= users; user += 1) {
    const random = new Random(seed).fork(`users/${user}`);
    const budget = new ByteBudget({ ...config, users }, user, random.fork('sizes'));
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
