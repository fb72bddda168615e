import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createRunFolder, processOfRun, removeRunFolder } from './run-folder.ts';
import { newRunId, revertRuns, takeDown } from './take-down.ts';

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

  it('finds and removes the folder with the Compose file that a killed run left', async () => {
    withDocker('');
    const left = await createRunFolder(runId);
    writeFileSync(join(left, 'compose.yaml'), 'a: secret');
    // Until its process has ended, it is no leftover.
    assert.deepEqual(await reverted(), [`run ${runId} is still running (process ${process.pid}); stop it with Ctrl-C`]);
    assert.ok(existsSync(join(left, 'compose.yaml')));
    rmSync(join(left, 'process'));
    assert.deepEqual(await reverted(), [`Run ${runId}: removed 1 temporary folder`]);
    assert.ok(!existsSync(left));
    assert.deepEqual(await reverted(), ['No run of this folder left anything.']);
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

  it('takes what somebody else removed meanwhile as removed, and nothing else', async () => {
    withDocker(
      'case $1 in ps) [ -e gone ] || echo abc;; rm) touch gone; echo "No such container: abc" >&2; exit 1;; esac',
    );
    assert.deepEqual(await takeDown(runId), ['1 container']);
    withDocker('case $1 in ps) echo abc;; rm) echo "permission denied" >&2; exit 1;; esac');
    await assert.rejects(takeDown(runId), /permission denied/);
  });
});
