import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createRunFolder, processOfRun, removeRunFolder } from './run-folder.ts';
import { newRunId, otherRuns, revertRuns, takeDown } from './take-down.ts';

const formerPath = process.env['PATH'];
const nowMs = 1_700_000_000_000;

describe('take-down of a run', () => {
  let folder = '';
  let runId = '';
  /** A command `docker` in front of the real one. */
  const withDocker = (script: string): void => {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\ncd ${folder}\n${script}\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
  };
  const reverted = async (): Promise<string[]> => {
    const lines: string[] = [];
    return [...(await revertRuns(folder, (line) => lines.push(line))), ...lines];
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-take-down-'));
    runId = newRunId(folder, nowMs);
  });
  afterEach(async () => {
    process.env['PATH'] = formerPath;
    await removeRunFolder(runId);
    rmSync(folder, { recursive: true });
  });

  it('finds and removes the folder with the Compose file that a killed run left behind', async () => {
    withDocker('');
    const left = await createRunFolder(runId);
    writeFileSync(join(left, 'compose.yaml'), 'a: secret');
    // Until its process has ended, it is not a leftover.
    assert.deepEqual(await reverted(), [`run ${runId} is still running (process ${process.pid}); stop it with Ctrl-C`]);
    assert.ok(existsSync(join(left, 'compose.yaml')));
    rmSync(join(left, 'process'));
    assert.deepEqual(await reverted(), [`Run ${runId}: removed 1 temporary folder`]);
    assert.ok(!existsSync(left));
    assert.deepEqual(await reverted(), ['No run of this folder left anything behind.']);
  });

  it('knows the process of a run while it lives, and no later one with its number', async () => {
    const path = join(await createRunFolder(runId), 'process');
    assert.equal(await processOfRun(runId), process.pid);
    const [, start = ''] = readFileSync(path, 'utf8').split(' ');
    writeFileSync(path, `${process.pid} 1${start}`);
    assert.equal(await processOfRun(runId), null);
    const ended = spawn('true');
    await once(ended, 'exit');
    writeFileSync(path, `${ended.pid} ${start}`);
    assert.equal(await processOfRun(runId), null);
    await removeRunFolder(runId);
    assert.equal(await processOfRun(runId), null);
  });

  it('lets no second run of a folder begin, and names those that were killed', async () => {
    const [first, killed] = [runId, newRunId(folder, nowMs + 1)];
    const elsewhere = newRunId(tmpdir(), nowMs);
    const second = newRunId(folder, nowMs + 2);
    const all = [first, killed, elsewhere, second];
    try {
      for (const id of all) await createRunFolder(id);
      rmSync(join(tmpdir(), `encore-run-${killed}`, 'process'));
      const { problems, killed: left } = await otherRuns(second);
      assert.deepEqual(left, [killed]);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.ok(problems[0]?.startsWith(`run ${first} is still running (process ${process.pid}); stop it with Ctrl-C`));
      await removeRunFolder(first);
      assert.deepEqual((await otherRuns(second)).problems, []);
    } finally {
      for (const id of all) await removeRunFolder(id);
    }
  });

  it('ends the commands that a killed run left behind, and removes what the engine still created for them', async () => {
    const left = await createRunFolder(runId);
    rmSync(join(left, 'process'));
    const args = ['-e', 'setInterval(() => {}, 1e6)', join(left, 'compose.yaml')];
    const command = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = once(command, 'exit');
    await once(command, 'spawn');
    // The first container is listed and removed, then a second appears.
    withDocker(
      'case $1 in ps) if [ ! -e one ]; then echo abc; elif [ ! -e two ]; then echo def; fi;; rm) if [ -e one ]; then touch two; else touch one; fi;; esac',
    );
    try {
      assert.deepEqual(await reverted(), [`Run ${runId}: removed 1 container, 1 container, 1 temporary folder`]);
      assert.equal(command.kill(0), false, 'the command is still running');
    } finally {
      command.kill('SIGKILL');
      await ended;
    }
  });

  it('waits for a container that the engine is already removing', async () => {
    const running = 'removal of container abc is already in progress';
    withDocker(
      `case $1 in ps) [ -e gone ] || echo abc; [ ! -e asked ] || touch gone;; rm) touch asked; echo "${running}" >&2; exit 1;; esac`,
    );
    assert.deepEqual(await takeDown(runId), ['1 container']);
  });

  it('finds the runs that left images, although one is removed meanwhile', async () => {
    withDocker(
      `case "$1 $2" in "image ls") echo abc; [ -e gone ] || echo def;; "image inspect") touch gone; echo ${runId}; [ $# -eq 5 ];; "image rm") touch removed;; esac`,
    );
    assert.match((await reverted()).join(), new RegExp(`^Run ${runId}: removed `));
  });

  it('treats what somebody else removed in the meantime as removed, and nothing else', async () => {
    withDocker(
      'case $1 in ps) [ -e gone ] || echo abc;; rm) touch gone; echo "No such container: abc" >&2; exit 1;; esac',
    );
    assert.deepEqual(await takeDown(runId), ['1 container']);
    withDocker('case $1 in ps) echo abc;; rm) echo "permission denied" >&2; exit 1;; esac');
    await assert.rejects(takeDown(runId), /permission denied/);
  });
});
