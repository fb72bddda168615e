import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import type { ContainerSpec } from './engine/container-spec.ts';
import { Engine } from './engine/engine.ts';
import { Reaper } from './engine/reaper.ts';
import { serverFlags, withoutLimits } from './topology.ts';

describe('a container on a machine that lets the lab set no limits', () => {
  const specOf = (labels: Record<string, string>) => withoutLimits({ labels } as ContainerSpec).labels;

  it('consents to no fault that needs limits, and says why, whatever the order of its kinds', () => {
    for (const accepts of ['memory-cap,crash,cpu-throttle', 'crash,cpu-throttle,memory-cap'])
      assert.deepEqual(
        specOf({ 'encore.target': 'server', 'encore.accepts': accepts, 'encore.baseline.memory': '1' }),
        {
          'encore.target': 'server',
          'encore.accepts': 'crash',
          'encore.cannot.memory-cap':
            'this machine has no control group that the lab may write, so it cannot limit memory or CPU',
          'encore.cannot.cpu-throttle':
            'this machine has no control group that the lab may write, so it cannot limit memory or CPU',
        },
      );
  });

  it('claims nothing of kinds that it never consented to', () => {
    assert.deepEqual(specOf({ 'encore.accepts': 'database-down' }), { 'encore.accepts': 'database-down' });
    assert.deepEqual(specOf({ any: 'thing' }), { any: 'thing' });
  });
});

describe('the flags of the server', () => {
  const mebibyte = 1_048_576;
  const spaces = `require('node:v8').getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size`;

  it('give it room for what is young in a container of its size too, where V8 takes only a megabyte by itself', async function () {
    await using undo = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'encore-flags-'));
    undo.defer(() => rm(folder, { recursive: true }));
    const engine = undo.use(new Engine(undo.use(new Reaper(''))));
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
    // The first of its two halves; the other comes with the first collection.
    assert.match(await output(), new RegExp(`young ${8 * mebibyte}\\n`));
  });

  it('are those of the image', async () => {
    const dockerfile = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
    const program = 'services/server/src/main.ts';
    assert.ok(dockerfile.includes(`node ${serverFlags.join(' ')} ${program}\n`), 'where its compile cache is filled');
    assert.ok(dockerfile.includes(`CMD ${JSON.stringify([...serverFlags, program]).replaceAll(',', ', ')}\n`));
  });
});
