import assert from 'node:assert/strict';
import type { Clock } from '@encore/kit';
import { describe, it } from 'mocha';
import { CpuBudget } from './cpu-budget.ts';

const workMs = 3;
/** In which a piece of work uses its CPU. */
const spreadMs = 10;

/** A container with half a CPU, one millisecond after the other; others in it may use CPU too. */
class SimulatedContainer {
  cpus: number | null = 0.5;
  othersPerMs = 0;
  now = 0;
  used = 0;
  readonly budget: CpuBudget;
  /** CPU that is due in each of the next milliseconds. */
  readonly #due: number[] = Array.from({ length: spreadMs }, () => 0);

  constructor() {
    const clock: Clock = { now: () => this.now, sleep: async () => {} };
    this.budget = new CpuBudget({ cpus: () => this.cpus, usedMs: () => this.used }, clock);
  }

  /** Each millisecond some ask; how many were let in, by cost, and the most CPU that a period of 100 ms took. */
  run(
    ms: number,
    asking: readonly ('light' | 'heavy')[],
  ): { light: number; heavy: number; most: number; used: number } {
    const letIn = { light: 0, heavy: 0 };
    const history = [this.used];
    for (let i = 0; i < ms; i++) {
      this.now += 1;
      this.used += (this.#due.shift() ?? 0) + this.othersPerMs;
      this.#due.push(0);
      history.push(this.used);
      for (const cost of asking) {
        if (!this.budget.take(cost)) continue;
        letIn[cost] += 1;
        for (let at = 0; at < spreadMs; at++) this.#due[at] = (this.#due[at] ?? 0) + workMs / spreadMs;
      }
    }
    const periods = history.slice(100).map((used, i) => used - (history[i] ?? 0));
    return { ...letIn, most: Math.max(...periods), used: this.used - (history[0] ?? 0) };
  }
}

describe('CpuBudget', () => {
  it('lets in what the limit allows: nearly all of it is used, and no period takes more', () => {
    const container = new SimulatedContainer();
    container.run(1_000, ['heavy', 'heavy']);
    const { used, most } = container.run(10_000, ['heavy', 'heavy']);
    assert.ok(used > 5_000 * 0.93, `used ${used} of 5000 ms`);
    assert.ok(most <= 50, `a period took ${most} of 50 ms`);
  });

  it('leaves to refusals what they use, and follows a limit that changes', () => {
    const container = new SimulatedContainer();
    container.othersPerMs = 0.1;
    container.run(1_000, ['heavy', 'heavy']);
    const half = container.run(10_000, ['heavy', 'heavy']);
    assert.ok(half.most <= 50 && half.used > 5_000 * 0.93, `used ${half.used} of 5000 ms, at most ${half.most} of 50`);
    container.cpus = 1;
    container.run(2_000, ['heavy', 'heavy']);
    const whole = container.run(10_000, ['heavy', 'heavy']);
    assert.ok(whole.most <= 100 && whole.used > 9_300, `used ${whole.used} of 10000 ms, at most ${whole.most} of 100`);
  });

  it('lets light work in first', () => {
    const container = new SimulatedContainer();
    container.run(1_000, ['heavy', 'light', 'heavy', 'light']);
    const { light, heavy } = container.run(10_000, ['heavy', 'light', 'heavy', 'light']);
    assert.ok(heavy < light / 2, `${light} light, ${heavy} heavy`);
  });

  it('shuts nobody out for the sake of a long job that takes all the CPU', () => {
    const container = new SimulatedContainer();
    container.othersPerMs = 0.5;
    container.run(1_000, ['heavy']);
    const { heavy } = container.run(10_000, ['heavy']);
    assert.ok(heavy >= 900, `${heavy} were let in in 10 s`);
  });

  it('limits nothing without a limit', () => {
    const container = new SimulatedContainer();
    container.cpus = null;
    assert.equal(container.run(100, ['heavy', 'heavy']).heavy, 200);
  });
});
