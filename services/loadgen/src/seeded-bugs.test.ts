/** Detects bugs of a user's server with the workload that its owner would write. */
import assert from 'node:assert/strict';
import type { Outcome } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { type ReadBackCounts, zeroCounts } from './read-back.ts';
import { inThread } from './testing/in-thread.ts';
import { type Bug, ShopServer } from './testing/shop/shop-server.ts';
import { TestLoad } from './testing/test-load.ts';

interface Detection {
  /** Outcome of the attempt that met the bug; without it, users may notice it or not. */
  outcome?: Outcome;
  /** Of the read-back; the others are zero. */
  readBack?: Partial<ReadBackCounts>;
}

const reads = { look: 1, add: 1 };
const detections: Record<Bug, { mix: Record<string, number> } & Detection> = {
  'loses a write': { mix: reads, readBack: { lost: 1 } },
  'shows an old state after a restart': {
    mix: { add: 1, change: 1, look: 4 },
    outcome: 'stale',
    readBack: { corrupt: 1 },
  },
  'executes a retry again': { mix: { add: 1 }, outcome: 'reset_before', readBack: { duplicate: 1 } },
  'shows a wrong field': { mix: reads, outcome: 'corrupt' },
  'truncates a body': { mix: reads, outcome: 'corrupt' },
  'cuts a response': { mix: reads, outcome: 'cut_mid_body' },
  'reports an error inside a 200': { mix: { add: 1 }, outcome: 'server_error' },
  'writes to another id': { mix: { add: 1 }, readBack: { lost: 1, phantom: 1 } },
  'keeps a deleted object': { mix: { add: 2, drop: 1 }, readBack: { phantom: 1 } },
  'shows another object': { mix: reads, outcome: 'corrupt' },
  'stores another value': { mix: { add: 1 }, readBack: { corrupt: 1 } },
  'executes what it refuses': { mix: { add: 1 }, outcome: 'client_error_unexpected', readBack: { phantom: 1 } },
};

/** Operations of a run: enough for each bug to show, and for users to meet it. */
const operations = 60;

describe("seeded bugs of a user's server", function () {
  this.timeout(120_000);

  for (const [bug, { mix, outcome, readBack }] of Object.entries(detections)) {
    it(`detects that it ${bug}`, async () => {
      const { shown, failed, counts } = await run(bug as Bug, mix, outcome);
      assert.equal(shown, 1);
      const outcomes = new Set(failed.map((event) => event.outcome));
      // Users that meet a missing or changed object see an older or another state.
      if (outcome === undefined) for (const expected of ['stale', 'corrupt'] as const) outcomes.delete(expected);
      assert.deepEqual([...outcomes], outcome === undefined ? [] : [outcome]);
      const { acknowledged, readBack: read, unknownPresent: _, unknownAbsent: __, ...findings } = counts;
      assert.ok(acknowledged > 10 && read === acknowledged);
      const { lost, corrupt, duplicate, phantom } = { ...zeroCounts(), ...readBack };
      assert.deepEqual(findings, { lost, corrupt, duplicate, phantom });
    });
  }

  it('finds nothing if there is no bug', async () => {
    const { failed, counts } = await run(null, {}, undefined);
    assert.deepEqual([failed, counts.lost, counts.corrupt, counts.duplicate, counts.phantom], [[], 0, 0, 0, 0]);
  });
});

/** Runs the load until the outcome was seen, and reads everything back. */
async function run(bug: Bug | null, mix: Record<string, number>, outcome: Outcome | undefined) {
  await using shop = await ShopServer.start(bug);
  await using bench = await TestLoad.of({
    workload: import.meta.resolve('./testing/shop/encore.workload.mts'),
    targetUrl: shop.url,
    startThread: inThread(systemClock),
    backoffMs: [5, 10],
  });
  const thinkSeconds = { min: 0.005, max: 0.015 };
  const weights = Object.keys(mix).length === 0 ? {} : { add: 0, change: 0, look: 0, drop: 0, ...mix };
  const settings = { mix: weights, thinkSeconds, parameters: {}, probesPerSecond: 5 };
  await bench.start({ runId: 'test-1', seed: 3, users: 4, rampSeconds: 0, load: settings });
  await bench.operationsDone(operations);
  await waitUntil('the bug', () => bug === null || shop.shown > 0, { timeoutMs: 40_000 });
  shop.restart();
  const isNoticed = () => outcome === undefined || bench.failedAttempts().length > 0;
  await waitUntil('the outcome', isNoticed, { timeoutMs: 40_000 });
  await bench.load.stop();
  const { type: _, at: __, final: ___, ...counts } = await bench.readBack(true);
  return { shown: shop.shown, failed: bench.failedAttempts(), counts };
}
