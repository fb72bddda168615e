import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { signalProcessOf } from './host-process.ts';

describe('a signal that bypasses the engine', () => {
  let child: ChildProcess;
  beforeEach(async () => {
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    await once(child, 'spawn');
  });
  afterEach(() => child.kill('SIGKILL'));

  it('ends the main process of the container', async () => {
    const groups = readFileSync(`/proc/${child.pid}/cgroup`, 'utf8');
    // As the engine names a control group after the container.
    const id = groups.trim().split('\n')[0]?.split(':').at(-1) ?? '';
    const exited = once(child, 'exit');
    await signalProcessOf({ id, pid: child.pid ?? 0, name: 'api' }, 'SIGKILL');
    assert.deepEqual(await exited, [null, 'SIGKILL']);
  });

  it('is refused for a process of something else', async () => {
    const other = signalProcessOf({ id: 'f00d', pid: child.pid ?? 0, name: 'api' }, 'SIGKILL');
    await assert.rejects(other, { code: 'ENGINE_UNSUPPORTED', message: /SIGKILL of api: .*not visible here/ });
    assert.equal(child.exitCode ?? child.signalCode, null);
  });

  it('is refused for a container that does not run', async () => {
    await assert.rejects(signalProcessOf({ id: '', pid: 0, name: 'api' }, 'SIGKILL'), { code: 'TARGET_NOT_RUNNING' });
  });
});
