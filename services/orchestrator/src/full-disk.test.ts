/** A disk that fills up during a run: the run ends early, and its message names what is full, where the evidence is, and what to do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { canMountDisks, fillDisk, onDisk } from '../../../test/support/small-disk.ts';
import { FakeLab } from './testing/fake-lab.ts';

const main = join(import.meta.dirname, 'main.ts');

describe('a disk that fills up during a run', function () {
  this.timeout(60_000);
  let lab: FakeLab;
  before(function () {
    if (canMountDisks()) return;
    process.stdout.write('    SKIPPED: this user may not mount a disk of a chosen size here\n');
    this.skip();
  });
  beforeEach(async () => {
    lab = await FakeLab.start();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  async function encore(command: readonly string[], onText: (text: string, pid: number) => void = () => {}) {
    const [program, ...args] = command;
    const child = spawn(program ?? '', args, {
      env: { PATH: process.env['PATH'], ...lab.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        onText(said, child.pid ?? 0);
      });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, said };
  }

  async function runThatFills(folder: string) {
    let isFull = false;
    return await encore(onDisk(folder, '300m', [process.execPath, main, ...lab.shortRun]), (said, pid) => {
      if (isFull || !said.includes('phase steady')) return;
      isFull = true;
      fillDisk(pid, folder);
    });
  }

  it('names the results that cannot be written, where the evidence is, and the command that makes the report', async () => {
    const { exitCode, said } = await runThatFills(lab.resultsDir);
    assert.equal(exitCode, 2, said);
    assert.match(said, /^ERROR in phase steady: the disk of the results has only 0 MiB left$/m);
    assert.ok(said.includes(`The report could not be made in ${lab.resultsDir}: ENOSPC`), said);
    const [, folder = '', command, id = ''] =
      /^The evidence is in (\S+)\. Fix this, then make the report with `(\S+) report (\w+)`\.$/m.exec(said) ?? [];
    assert.equal(folder, join(lab.runsDir, id), said);
    assert.equal(command, './encore');
    assert.match(readFileSync(join(folder, 'history.ndjson'), 'utf8'), /"run_ended"/);
    // The small disk is gone with the program that saw it, so there is room again.
    const reported = await encore([process.execPath, main, 'report', id]);
    assert.match(reported.said, /the run was aborted: the disk of the results has only 0 MiB left/);
    assert.deepEqual(readdirSync(lab.resultsDir).length, 2, reported.said);
  });

  it('names the folder whose history cannot be written, and reports what was recorded until then', async () => {
    const { exitCode, said } = await runThatFills(lab.runsDir);
    assert.equal(exitCode, 2, said);
    const history = join(lab.runsDir, readdirSync(lab.resultsDir)[0]?.replace('production_test_', 'r') ?? '');
    assert.ok(said.includes(`ERROR in phase steady: the history in ${history} cannot be written: ENOSPC`), said);
    assert.match(said, /Result: INCONCLUSIVE/);
    assert.match(said, /the history does not say how the run ended/);
  });
});
