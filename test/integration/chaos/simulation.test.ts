/**
 * 10,000 days of chaos in virtual time: the real plan, scheduler and injector against a fake engine
 * and a fake proxy.
 */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, it } from 'mocha';
import { fullConfig } from '../../../packages/plan/src/plan.fixture.ts';
import type { Outcome, Share } from '../../../services/chaos/src/testing/simulate-seeds.ts';
import { root } from '../../support/command.ts';

const seeds = 10_000;
const program = join(root, 'services/chaos/src/testing/simulate-seeds.ts');

function simulate(share: Share): Promise<Outcome> {
  const worker = new Worker(program, { workerData: share });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker exited with ${code} and without a result`)));
  });
}

describe('chaos in virtual time', () => {
  it(`finds no violation in ${seeds} days with different seeds`, async () => {
    const workers = availableParallelism();
    const outcomes = await Promise.all(
      Array.from({ length: workers }, (_, first) => simulate({ config: fullConfig, first, step: workers, end: seeds })),
    );
    assert.deepEqual(
      outcomes.flatMap(({ problems }) => problems),
      [],
    );
    assert.equal(
      outcomes.reduce((sum, { runs }) => sum + runs, 0),
      seeds,
    );
    for (const { kills, faults, runs } of outcomes) {
      assert.deepEqual(kills, [24], 'exactly one kill per hour');
      assert.ok(faults / runs > 400, `${faults / runs} faults a day`);
    }
  }).timeout(900_000);
});
