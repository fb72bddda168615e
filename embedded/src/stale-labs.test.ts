import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { recordProcess } from './engine/process-record.ts';
import { publishLab } from './running-lab.ts';
import { endStaleLabs } from './stale-labs.ts';

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended, as the test expected.
  }
}

describe('labs whose launcher was killed', function () {
  this.timeout(30_000);
  let home = '';
  const children: ChildProcess[] = [];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'encore-home-'));
  });
  afterEach(() => {
    // Its group, too: a child that is left would keep the pipe open, and the suite would not end.
    for (const { pid } of children.splice(0)) if (pid !== undefined) killGroup(pid);
    rmSync(home, { recursive: true });
  });

  function folderOf(pid: number, of = '/project'): string {
    const folder = join(home, 'labs', String(pid));
    mkdirSync(folder, { recursive: true });
    publishLab(folder, { root: of, ports: { page: 1, chaos: 2 }, tokenFile: '' });
    return folder;
  }

  async function running(command: string): Promise<ChildProcess & { pid: number }> {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    children.push(child);
    await once(child.stdout, 'data');
    return child as typeof child & { pid: number };
  }

  const sleeper = 'echo up; exec sleep 1000';

  /** A folder whose owner has ended. */
  async function staleFolder(of?: string): Promise<string> {
    const owner = await running(sleeper);
    const folder = folderOf(owner.pid, of);
    await recordProcess(folder, owner.pid);
    const exited = once(owner, 'exit');
    owner.kill('SIGKILL');
    await exited;
    return folder;
  }

  it('lose their recorded processes, even stopped ones, with what these started', async () => {
    const folder = await staleFolder();
    const parent = await running('sleep 1000 & echo $!; wait');
    const stopped = await running(sleeper);
    stopped.kill('SIGSTOP');
    for (const { pid } of [parent, stopped]) await recordProcess(folder, pid);
    const exits = [once(parent, 'exit'), once(stopped, 'exit')];
    assert.deepEqual(await endStaleLabs([join(home, 'none'), home]), { ended: [3], running: [] });
    for (const exit of exits) assert.deepEqual(await exit, [null, 'SIGKILL']);
    assert.ok(!existsSync(folder));
  });

  it('lose no process that only has the id of a recorded one', async () => {
    const folder = await staleFolder();
    const other = await running(sleeper);
    appendFileSync(join(folder, 'processes'), `${other.pid} 1\nnonsense\n`);
    assert.deepEqual(await endStaleLabs([home]), { ended: [0], running: [] });
    assert.equal(other.exitCode ?? other.signalCode, null);
  });

  it('are not those of other projects, if one is named', async () => {
    const folder = await staleFolder('/other');
    assert.deepEqual(await endStaleLabs([home], '/project'), { ended: [], running: [] });
    assert.ok(existsSync(folder));
  });

  it('are not those that run, or that have just created their folder', async () => {
    const own = folderOf(process.pid);
    await recordProcess(own, process.pid);
    const starting = folderOf(process.ppid);
    const { ended, running } = await endStaleLabs([home]);
    assert.deepEqual([ended, running.sort()], [[], [process.pid, process.ppid].sort()]);
    assert.ok(existsSync(own) && existsSync(starting));
  });
});
