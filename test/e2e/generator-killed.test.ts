/**
 * The load generator is killed in the middle of a run: everything recorded by then is judged, and
 * the report shows the gap.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { parse } from 'yaml';
import { runLab } from '../mutation/lab-run.ts';
import { childRunning } from '../support/child-running.ts';
import { root, runCommand } from '../support/command.ts';
import { assertGeneratorKilled } from '../support/report.ts';

const settings = parse(readFileSync(join(root, 'test/e2e/generator-killed.yaml'), 'utf8')) as object;

describe('a load generator that is killed', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-generator-killed-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('leaves a ledger and a history from which the report is built: INCONCLUSIVE, with the gap', async () => {
    const { signal } = new AbortController();
    const running = runLab({ settings, seed: 7, folder, seeding: {}, signal });
    const printed = () => readFile(join(folder, 'output.txt'), 'utf8');
    const waiting = { timeoutMs: 120_000, everyMs: 200 };
    await waitUntil('a fault in steady', async () => /f0001 .* injected/.test(await printed()), waiting);
    const fromMs = Date.now();
    process.kill(childRunning('services/loadgen/src/main.ts'), 'SIGKILL');
    const toMs = Date.now();
    assertGeneratorKilled(await running, { fromMs, toMs });

    const evidence = (await readdir(folder)).find((name) => /^production_test_\w+$/.test(name)) ?? '';
    const verified = await runCommand('./encore', ['verify', join(folder, evidence)], { timeoutMs: 30_000 });
    assert.equal(verified.exitCode, 2, verified.stdout);
  });
});
