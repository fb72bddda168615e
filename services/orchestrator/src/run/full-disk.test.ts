/** When a disk fills up, the run ends early and names the disk, the evidence and a command. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { bareEnvironment } from '../../../../test/support/command.ts';
import { canMountDisks, fillDisk, onDisk } from '../../../../test/support/small-disk.ts';
import { FakeServices } from '../testing/fake-services.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

describe('a disk that fills up during a run', function () {
  this.timeout(60_000);
  let lab: FakeServices;
  let env: Record<string, string> = {};
  before(function () {
    if (canMountDisks()) return;
    process.stdout.write('    SKIPPED: this user may not mount a disk of a chosen size here\n');
    this.skip();
  });
  beforeEach(async () => {
    lab = await FakeServices.start();
    env = {};
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  async function encore(command: readonly string[], onText: (text: string, pid: number) => void = () => {}) {
    const [program, ...args] = command;
    const child = spawn(program ?? '', args, {
      env: { ...bareEnvironment(), ...lab.environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        onText(printed, child.pid ?? 0);
      });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, printed };
  }

  async function runThatFills(folder: string) {
    let isFull = false;
    return await encore(onDisk(folder, '300m', [process.execPath, main, ...lab.shortRun]), (printed, pid) => {
      if (isFull || !printed.includes('phase steady')) return;
      isFull = true;
      fillDisk(pid, folder);
    });
  }

  it('names the unwritable results folder, the evidence and the report command', async () => {
    env = { ENCORE_RUNS_NAME: 'the volume lab_runs' };
    const { exitCode, printed } = await runThatFills(lab.resultsDir);
    assert.equal(exitCode, 2, printed);
    assert.match(printed, /^ERROR in phase steady: the results disk has only 0 MB left \(minimum 64 MB\)$/m);
    assert.ok(printed.includes(`The report could not be written to ${lab.resultsDir}: ENOSPC`), printed);
    const [, evidence, command, id = ''] =
      /^The evidence is in (.+)\. Fix the problem, then run `(\S+) report (\w+)`\.$/m.exec(printed) ?? [];
    assert.equal(evidence, `${id} of the volume lab_runs`, printed);
    assert.equal(command, './encore');
    assert.match(readFileSync(join(lab.runsDir, id, 'history.ndjson'), 'utf8'), /"run_ended"/);
    // The small disk existed only for that process, so there is space again.
    const reported = await encore([process.execPath, main, 'report', id]);
    assert.match(reported.printed, /the run was aborted: the results disk has only 0 MB left/);
    assert.deepEqual(readdirSync(lab.resultsDir).length, 2, reported.printed);
  });

  it('names the unwritable history folder, and reports what was recorded until then', async () => {
    const { exitCode, printed } = await runThatFills(lab.runsDir);
    assert.equal(exitCode, 2, printed);
    const history = join(lab.runsDir, readdirSync(lab.resultsDir)[0]?.replace('production_test_', 'r') ?? '');
    assert.ok(printed.includes(`ERROR in phase steady: cannot write the history in ${history}: ENOSPC`), printed);
    assert.match(printed, /Result: INCONCLUSIVE/);
    assert.match(printed, /the history does not record how the run ended/);
  });
});
