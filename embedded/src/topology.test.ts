import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import type { ContainerSpec } from './engine/container-spec.ts';
import { Engine } from './engine/engine.ts';
import { Reaper } from './engine/reaper.ts';
import { withoutLimits } from './lab-services.ts';
import { serverFlags } from './topology.ts';

describe('container on a machine without writable control groups', () => {
  it('has no original limits, because nothing restores them', () => {
    const labels = { 'encore.target': 'server', 'encore.original.memory': '1', 'encore.original.cpus': '1' };
    assert.deepEqual(withoutLimits({ labels: labels as Record<string, string> } as ContainerSpec).labels, {
      'encore.target': 'server',
    });
  });
});

describe('the flags of the server', () => {
  const mebibyte = 1_048_576;
  const spaces = `require('node:v8').getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size`;

  it("raise the young generation above V8's default of 1 MB in a container of this size", async function () {
    await using revert = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'encore-flags-'));
    revert.defer(() => rm(folder, { recursive: true }));
    const engine = revert.use(new Engine(revert.use(new Reaper(''))));
    const logFile = join(folder, 'log');
    const container = engine.create({
      name: 'subject',
      image: 'test',
      command: [process.execPath, ...serverFlags, '-p', `'young ' + ${spaces}`],
      env: {},
      cwd: folder,
      labels: {},
      stopSignal: 'SIGTERM',
      stopGraceMs: 1_000,
      restart: 'no',
      limits: { memoryBytes: 512 * mebibyte, cpus: 1 },
      logFile,
    });
    if (!container.group) {
      process.stdout.write('      SKIPPED: no control group can be written here\n');
      this.skip();
    }
    container.start();
    const output = () => readFile(logFile, 'utf8').catch(() => '');
    await waitUntil('its output', async () => (await output()).includes('young'), { timeoutMs: 5_000, everyMs: 20 });
    // The first of the two semi-spaces; V8 allocates the other at the first collection.
    assert.match(await output(), new RegExp(`young ${8 * mebibyte}\\n`));
  });

  it('are the flags of the image', async () => {
    const dockerfile = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
    const program = 'services/server/src/main.ts';
    assert.ok(dockerfile.includes(`node ${serverFlags.join(' ')} ${program}\n`), 'where its compile cache is filled');
    assert.ok(dockerfile.includes(`CMD ${JSON.stringify([...serverFlags, program]).replaceAll(',', ', ')}\n`));
  });
});
