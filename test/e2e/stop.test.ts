/**
 * Stops a run on the embedded runtime while faults are active: how long until a client sees the
 * initial state?
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { get } from '../integration/chaos/outside-view.ts';
import { root, runCommand, tail } from '../support/command.ts';
import { assertStopped, reportOf } from '../support/report.ts';

const held = (name: string, target: string, kind: string, at: number) => ({
  ...{ name, target, when: { atSeconds: [at] }, overlap: true },
  faults: [{ kind, durationSeconds: { min: 60, max: 60 } }],
});
const settings = {
  ...{ profile: 'smoke', hours: 0.04, capacitySeconds: 0, rampSeconds: 1, users: 5, allowInfeasiblePlan: true },
  schedule: [held('frozen', 'server', 'freeze', 2), held('closed', 'server:8000', 'connection-refused', 4)],
};
const withinMs = 5_000;
/** A stop file ends every run that has its results there. */
const results = join(root, 'test_results', 'stopped');
const stopFile = join(results, 'STOP');

const ways: [string, (page: number) => Promise<unknown>][] = [
  ['POST /stop', (page) => fetch(`http://127.0.0.1:${page}/stop`, { method: 'POST' })],
  ['the file STOP', () => writeFile(stopFile, '')],
];

describe('a run that is stopped during a freeze and a closed proxy', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-stop-'));
    await writeFile(join(folder, 'held.json'), JSON.stringify(settings));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [way, stop] of ways)
    it(`reverts within ${withinMs / 1_000} s of ${way}, and writes its report`, async () => {
      let page = 0;
      const running = runCommand('./encore', ['--config', join(folder, 'held.json')], {
        timeoutMs: 240_000,
        env: { ENCORE_RESULTS_DIR: results },
        onOutput: (text) => {
          page = Number(text.match(/live page http:\/\/localhost:(\d+)/)?.[1] ?? page);
        },
      });
      try {
        // The lab moves all its ports together: the users' port is 80 below the page's, and the
        // health port follows it.
        const at = (offset: number) => ({ host: '127.0.0.1', port: page - 80 + offset });
        const seen = async () => [
          (await get(at(0), '/scores/none', 300)).error,
          (await get(at(1), '/health/live', 300)).error,
        ];
        const isHeld = async () => page > 0 && String(await seen()) === 'ECONNREFUSED,silent';
        await waitUntil('both faults', isHeld, { timeoutMs: 90_000 });
        const from = performance.now();
        await stop(page);
        const isFree = async () => (await seen()).every((error) => error === null);
        await waitUntil('the lab as it was', isFree, { timeoutMs: 30_000, everyMs: 25 });
        const tookMs = performance.now() - from;
        process.stdout.write(`      reverted ${(tookMs / 1_000).toFixed(1)} s after ${way}\n`);
        const run = await running;
        assertStopped(run, await reportOf(run), 2);
        assert.ok(tookMs < withinMs, `reverted after ${tookMs} ms\n${tail(run.stdout)}`);
      } finally {
        await running.catch(() => {});
        await rm(stopFile, { force: true });
      }
    });
});
