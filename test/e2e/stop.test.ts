/** Somebody stops a run of the lab without Docker while faults are held: how long until the lab is as it was, as a client sees it? */
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
  ...{ profile: 'smoke', hours: 0.04, capacitySeconds: 0, rampSeconds: 1, users: 5, unwinnable: true },
  schedule: [held('frozen', 'server', 'freeze', 2), held('closed', 'client-link', 'connection-refused', 4)],
};
const withinMs = 5_000;
/** A stop file ends every run that has its results there. */
const results = join(root, 'test_results', 'stopped');
const stopFile = join(results, 'STOP');

const ways: [string, (page: number) => Promise<unknown>][] = [
  ['POST /stop', (page) => fetch(`http://127.0.0.1:${page}/stop`, { method: 'POST' })],
  ['the file STOP', () => writeFile(stopFile, '')],
];

describe('a run that is stopped while a frozen server and a closed link are held', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-stop-'));
    await writeFile(join(folder, 'held.json'), JSON.stringify(settings));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [way, stop] of ways)
    it(`is undone within ${withinMs / 1_000} s of ${way}, and has its report`, async () => {
      let page = 0;
      const running = runCommand('./encore', ['--config', join(folder, 'held.json')], {
        timeoutMs: 240_000,
        env: { ENCORE_RESULTS_DIR: results },
        onOutput: (text) => {
          page = Number(text.match(/live page http:\/\/localhost:(\d+)/)?.[1] ?? page);
        },
      });
      try {
        // The lab shifts all its ports by one number: users come in 80 below the page, the health port is the next.
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
        process.stdout.write(`      undone ${(tookMs / 1_000).toFixed(1)} s after ${way}\n`);
        const run = await running;
        assertStopped(run, await reportOf(run), 2);
        assert.ok(tookMs < withinMs, `undone after ${tookMs} ms\n${tail(run.stdout)}`);
      } finally {
        await running.catch(() => {});
        await rm(stopFile, { force: true });
      }
    });
});
