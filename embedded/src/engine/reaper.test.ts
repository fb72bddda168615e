/** The reaper, against a real parent that is SIGKILLed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { isAlive } from './cgroup-files.ts';

const parent = `
  import { spawn } from 'node:child_process';
  import { Reaper } from '${join(import.meta.dirname, 'reaper.ts')}';
  const reaper = new Reaper(process.argv[1]);
  const start = (script) => spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' }).pid;
  const plain = start('sleep 60 & wait');
  const deaf = start('trap "" QUIT TERM; while :; do sleep 1; done');
  const stopped = start('while :; do sleep 1; done');
  process.kill(-stopped, 'SIGSTOP');
  const forgotten = start('sleep 60');
  for (const pid of [plain, deaf, stopped, forgotten]) reaper.watch(-pid);
  reaper.forget(-forgotten);
  console.log(JSON.stringify([plain, deaf, stopped, forgotten]));
  setInterval(() => {}, 1000);
`;

describe('reaper', () => {
  it('kills every listed group, even stopped ones and ones that ignore signals, and removes the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'encore-reaper-'));
    const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', parent, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(child.stdout);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const [plain, deaf, stopped, forgotten] = JSON.parse(String(line)) as [number, number, number, number];
    try {
      child.kill('SIGKILL');
      const gone = () => [plain, deaf, stopped].every((pid) => !isAlive(pid)) && !existsSync(folder);
      await waitUntil('the groups and the folder to be gone', gone, { timeoutMs: 3_000, everyMs: 20 });
      assert.ok(isAlive(forgotten), 'a forgotten group is left alone');
    } finally {
      process.kill(-forgotten, 'SIGKILL');
    }
  });
});
