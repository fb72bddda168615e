import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

  it('ends a child of the process engine, whose child the caller is, too', async () => {
    const module = join(import.meta.dirname, 'host-process.ts');
    const caller = `
      const { signalProcessOf } = await import(${JSON.stringify(module)});
      await signalProcessOf({ id: 'f00d', pid: Number(process.argv[1]), name: 'api' }, 'SIGKILL');`;
    const engine = `
      const { spawn } = require('node:child_process');
      const target = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
      target.on('exit', (_code, signal) => console.log(signal));
      const args = ['--input-type=module', '-e', ${JSON.stringify(caller)}, String(target.pid)];
      spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }).on('exit', () => target.kill('SIGTERM'));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', engine], { timeout: 60_000 });
    assert.equal(stdout, 'SIGKILL\n');
  });

  it('is refused for a process of something else', async () => {
    const other = signalProcessOf({ id: 'f00d', pid: child.pid ?? 0, name: 'api' }, 'SIGKILL');
    await assert.rejects(other, { code: 'ENGINE_UNSUPPORTED', message: /SIGKILL to api: .*not visible here/ });
    assert.equal(child.exitCode ?? child.signalCode, null);
  });

  it('names no missing capability when the process has ended', async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    // Every control group contains the empty name.
    const ended = signalProcessOf({ id: '', pid: child.pid ?? 0, name: 'api' }, 'SIGKILL');
    await assert.rejects(ended, { code: 'ENGINE_REFUSED', message: /^SIGKILL to api: [^;]*ESRCH[^;]*$/ });
  });

  it('is refused for a container that does not run', async () => {
    await assert.rejects(signalProcessOf({ id: '', pid: 0, name: 'api' }, 'SIGKILL'), { code: 'TARGET_NOT_RUNNING' });
  });
});
