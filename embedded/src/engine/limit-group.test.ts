/** Limits on machines with writable control groups; on others, the refusal. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, type Context, describe, it } from 'mocha';
import type { Container } from './container.ts';
import { Engine } from './engine.ts';
import { Reaper } from './reaper.ts';
import { applyUpdate } from './update-request.ts';

const megabyte = 1_048_576;
const deadline = { timeoutMs: 5_000, everyMs: 20 };

/** Prints its limit, then holds as many megabytes as the file beside it contains. */
const holder = `
  const { readFileSync } = require('node:fs');
  console.log('limit', process.constrainedMemory());
  const held = [];
  setInterval(() => {
    const wanted = Number(readFileSync('wanted', 'utf8'));
    while (held.length < wanted) held.push(Buffer.alloc(1048576, 1));
  }, 10);
`;

/** Prints the skip, so that it is visible. */
function skip(context: Context): void {
  process.stdout.write('      SKIPPED: no control group of the needed kind can be written here\n');
  context.skip();
}

describe('limits', () => {
  let folder = '';
  let engine: Engine;
  let reaper: Reaper;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-limits-'));
    reaper = new Reaper('');
    engine = new Engine(reaper);
  });
  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    reaper[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });

  const create = (group?: null): Container =>
    engine.create(
      {
        name: 'subject',
        image: 'test',
        command: [process.execPath, '-e', holder],
        env: {},
        cwd: folder,
        labels: {},
        stopSignal: 'SIGTERM',
        stopGraceMs: 1_000,
        restart: 'always',
        limits: { memoryBytes: 200 * megabyte, cpus: 1 },
        logFile: join(folder, 'subject.log'),
      },
      group,
    );
  const hold = (megabytes: number) => writeFile(join(folder, 'wanted'), String(megabytes));
  const output = () => readFile(join(folder, 'subject.log'), 'utf8').catch(() => '');

  it('without control groups: shows no limits and answers 501 to an update', async () => {
    const container = create(null);
    assert.deepEqual(container.limits, { memoryBytes: 0, withSwapBytes: 0, cpus: 0 });
    assert.throws(() => applyUpdate(container, { Memory: 100 * megabyte }), { status: 501 });
  });

  it('with them: the program sees its limit, and is killed and restarted above it', async function () {
    await hold(1);
    const container = create();
    const { group } = container;
    if (!group) return skip(this);
    const actions: string[] = [];
    engine.events.listen(({ Action }) => actions.push(Action));
    container.start();
    await waitUntil('its output', async () => (await output()).includes('limit'), deadline);
    assert.match(await output(), new RegExp(`limit ${200 * megabyte}\\n`));
    await waitUntil('usage', () => group.memory().usageBytes > 5 * megabyte, deadline);

    applyUpdate(container, { Memory: 120 * megabyte, MemorySwap: 120 * megabyte });
    assert.equal(Number(await readFile(group.memoryLimitFile, 'utf8')), 120 * megabyte);
    await hold(150);
    await waitUntil('the restart', () => container.restartCount > 0, deadline);
    await hold(1);
    assert.deepEqual(actions.slice(0, 4), ['start', 'update', 'oom', 'die']);
    assert.equal(container.exitCode, 137);

    applyUpdate(container, { Memory: 200 * megabyte, MemorySwap: 200 * megabyte, NanoCpus: 0.5e9 });
    assert.deepEqual(container.limits, { memoryBytes: 200 * megabyte, withSwapBytes: 200 * megabyte, cpus: 0.5 });
    await engine[Symbol.asyncDispose]();
    assert.ok(!existsSync(dirname(group.memoryLimitFile)), 'the group is removed');
  });

  it('refuses the same limits as Docker', function () {
    const container = create();
    if (!container.group) return skip(this);
    assert.throws(() => applyUpdate(container, { Memory: 5 * megabyte }), { status: 400 });
    assert.throws(() => applyUpdate(container, { Memory: 300 * megabyte }), { status: 409 });
    applyUpdate(container, { Memory: 0 });
    assert.equal(container.limits.memoryBytes, 200 * megabyte);
  });

  it('v1 answers 500 to a limit below the usage and keeps the old one', async function () {
    await hold(60);
    const container = create();
    if (container.group?.version !== '1') return skip(this);
    container.start();
    await waitUntil('usage', () => (container.group?.memory().usageBytes ?? 0) > 60 * megabyte, deadline);
    assert.throws(() => applyUpdate(container, { Memory: 30 * megabyte, MemorySwap: 30 * megabyte }), {
      status: 500,
      message: /unable to set memory limit to 31457280 \(current usage: \d+/,
    });
    assert.equal(container.limits.memoryBytes, 200 * megabyte);
  });
});
