import assert from 'node:assert/strict';
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { bareEnvironment, runCommand } from '../../../test/support/command.ts';
import { runTimed } from '../../../test/support/cpu-time.ts';
import { historyFile } from './judge/read/run-folder.ts';
import { FakeServices } from './testing/fake-services.ts';
import { SimulatedRun } from './testing/simulated-run.ts';
import { writeRunFolder } from './testing/simulated-run-folder.ts';

const main = join(import.meta.dirname, 'main.ts');

class Program {
  readonly child: ChildProcess;
  printed = '';

  constructor(args: string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [main, ...args], { env: { ...bareEnvironment(), ...env } });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text;
      });
  }

  until(text: string): Promise<unknown> {
    return waitUntil(`"${text}" in:\n${this.printed}`, () => this.printed.includes(text), { timeoutMs: 60_000 });
  }

  async end(): Promise<{ exitCode: number | null; printed: string }> {
    const exitCode = this.child.exitCode ?? ((await once(this.child, 'close')) as [number | null])[0];
    return { exitCode, printed: this.printed };
  }
}

describe('encore program', function () {
  this.timeout(180_000);
  let lab: FakeServices;
  const running: Program[] = [];
  const encore = (...args: string[]): Program => {
    const program = new Program(args, lab.environment);
    running.push(program);
    return program;
  };
  const startRun = (): Program => encore(...lab.shortRun);
  beforeEach(async () => {
    lab = await FakeServices.start();
  });
  afterEach(async () => {
    for (const { child } of running.splice(0)) child.kill('SIGKILL');
    await lab[Symbol.asyncDispose]();
  });

  it('rejects invalid settings in under 2 s of CPU time, all together, without contacting a service', async () => {
    const bad = ['--users', '-3', '--hours', 'abc', '--config', '/no/such'];
    const { exitCode, stderr, cpuSeconds } = await runTimed(process.execPath, [main, ...bad], {
      timeoutMs: 60_000,
      env: lab.environment,
    });
    assert.equal(exitCode, 3);
    for (const name of ['--users', '--hours', '/no/such']) assert.ok(stderr.includes(name), stderr);
    assert.ok(cpuSeconds < 2, `${cpuSeconds} s`);
    assert.deepEqual([...lab.chaos.asked, ...lab.loadgen.asked], []);
  });

  it('rejects an invalid environment', async () => {
    const program = new Program(['check'], { ENCORE_PORT: 'abc' });
    running.push(program);
    const { exitCode, printed } = await program.end();
    assert.equal(exitCode, 3, printed);
    assert.match(printed, /Refused to start:\n {2}environment: ENCORE_PORT: must be a port/);
  });

  it('names a current folder that was deleted', async () => {
    const script = 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"';
    for (const command of ['report', 'init']) {
      const { exitCode, stderr } = await runCommand('sh', ['-c', script, 'sh', process.execPath, main, command], {
        timeoutMs: 60_000,
        env: lab.environment,
      });
      assert.equal(exitCode, 3, stderr);
      assert.match(stderr, /the current folder no longer exists; change into another one/);
    }
  });

  it('exits with 3 when it cannot be loaded, because 1 means FAILED', async () => {
    const lacking = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name === 'yaml') throw new Error('there is no yaml');
        return next(name, context);
      } });`;
    const program = new Program(['check'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lacking)}`,
    });
    running.push(program);
    const { exitCode, printed } = await program.end();
    assert.equal(exitCode, 3, printed);
    assert.match(printed, /failed to load: there is no yaml/);
  });

  it('exits with 3 when its output or its errors cannot be written', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const full = openSync('/dev/full', 'w');
    const codeOf = (args: string[], stdio: StdioOptions): number | null =>
      spawnSync(process.execPath, [main, ...args], { stdio }).status;
    try {
      for (const args of [['faults'], ['--help'], ['--profile', 'smoke', '--dry-run']])
        assert.equal(codeOf(args, ['ignore', full, 'ignore']), 3, args.join(' '));
      assert.equal(codeOf(['--users', 'x'], ['ignore', 'ignore', full]), 3);
    } finally {
      closeSync(full);
    }
  });

  it('exits with an error when the verdict of a stored run cannot be printed', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const { folder, lines } = await writeRunFolder(new SimulatedRun({ faults: [] }));
    const full = openSync('/dev/full', 'w');
    const end = (...args: string[]) => {
      const { status, stderr } = spawnSync(process.execPath, [main, ...args], { stdio: ['ignore', full, 'pipe'] });
      return [status, stderr.toString()] as const;
    };
    const printed = /^encore: cannot write to standard output \(.*\)\. Free disk space or redirect the output\.$/m;
    try {
      for (const [history, codes] of [
        [lines, { verify: 3, report: 3 }],
        // Only PASSED loses its exit code.
        [lines.slice(0, -1), { verify: 2, report: 2 }],
      ] as const) {
        writeFileSync(join(folder, historyFile), `${history.join('\n')}\n`);
        for (const command of ['report', 'verify'] as const) {
          const [status, stderr] = end(command, folder);
          assert.equal(status, codes[command], stderr);
          assert.match(stderr, printed);
        }
      }
    } finally {
      closeSync(full);
      rmSync(folder, { recursive: true });
      rmSync(`${folder}.json`, { force: true });
    }
  });

  it('reverts, reports and exits with 130 on Ctrl-C', async () => {
    const program = startRun();
    await program.until('phase steady');
    program.child.kill('SIGINT');
    const { exitCode, printed } = await program.end();
    assert.equal(exitCode, 130, printed);
    assert.match(printed, /Result: INTERRUPTED/);
    assert.ok(lab.chaos.asked.includes('POST /revert'));
  });

  it('exits immediately on a second Ctrl-C', async () => {
    const program = startRun();
    await program.until('phase steady');
    // A run first stops what a previous run left behind.
    lab.chaos.stopMs = 6_000;
    program.child.kill('SIGINT');
    await program.until('phase cooldown');
    const at = performance.now();
    program.child.kill('SIGINT');
    const { exitCode, printed } = await program.end();
    assert.equal(exitCode, 130);
    assert.ok(performance.now() - at < 1_000);
    assert.match(
      printed,
      /\nExited without a report\. Active faults are reverted within 10 s\. .*: \.\/encore report\n/,
    );
  });

  it('marks the report of a run that may still be running', async () => {
    const program = startRun();
    await program.until('phase steady');
    const during = await encore('report').end();
    assert.equal(during.exitCode, 2, during.printed);
    assert.match(
      during.printed,
      /^This run did not record an end, and its last event is \d s old\. If it is still running, /,
    );
    program.child.kill('SIGINT');
    await program.end();
    const after = await encore('report').end();
    assert.equal(after.exitCode, 130, after.printed);
    assert.doesNotMatch(after.printed, /did not record an end/);
  });

  it('leaves a recording when killed, from which report and verify conclude INCONCLUSIVE', async () => {
    const program = startRun();
    await program.until('phase steady');
    program.child.kill('SIGKILL');
    await program.end();
    assert.deepEqual(readdirSync(lab.resultsDir), []);
    const reported = await encore('report').end();
    assert.equal(reported.exitCode, 2, reported.printed);
    assert.match(reported.printed, /Result: INCONCLUSIVE/);
    const folder = readdirSync(lab.resultsDir).find((name) => !name.includes('.')) ?? '';
    const verified = await encore('verify', join(lab.resultsDir, folder)).end();
    assert.equal(verified.exitCode, 2, verified.printed);
    assert.match(verified.printed, new RegExp(`${folder}.json matches in every figure`));
    const refused = await encore('verify', '/no/such/run').end();
    assert.equal(refused.exitCode, 3);
    assert.match(refused.printed, new RegExp(`no such run folder; pass .*${folder} \\(the last one there\\)`));
  });

  it('prints the preflight checks, and reverts faults on request', async () => {
    const checked = await encore('check', '--profile', 'smoke').end();
    assert.equal(checked.exitCode, 0, checked.printed);
    assert.match(checked.printed, /A run can start/);
    for (const name of [
      'engine',
      'control groups',
      'memory',
      'clocks',
      'load generator capacity',
      'disk for the results',
    ])
      assert.match(checked.printed, new RegExp(`^ *(ok|WARN) +${name}: `, 'm'), name);
    const reverted = await encore('revert').end();
    assert.deepEqual([reverted.exitCode, reverted.printed], [0, 'nothing to revert\n']);
    lab.server.status = 'paused';
    assert.match(
      (await encore('revert').end()).printed,
      /^server is paused, but no fault caused this; to resume it, run `docker compose unpause server`$/m,
    );
    lab.chaos.isOfOthers = true;
    const others = await encore('revert').end();
    assert.equal(others.exitCode, 2, others.printed);
    assert.match(
      others.printed,
      /^Nothing was reverted: the lab at \S+ does not accept .* run `\S+ revert` in the folder of its encore\.yaml\./,
    );
    lab.chaos.isOfOthers = false;
    assert.match((await encore('faults').end()).printed, /^crash /m);
    const { printed } = await encore('scenarios').end();
    assert.match(printed, /^scenarios\/[a-z-]+\.yaml +[A-Z]/m);
    assert.doesNotMatch(printed, /yaml-language-server/);
  });

  it('shows a run in plain lines when there is no terminal', async () => {
    const program = encore('monitor', '--url', 'http://127.0.0.1:1');
    const { exitCode, printed } = await program.end();
    assert.equal(exitCode, 3);
    assert.match(printed, /No run at http:\/\/127\.0\.0\.1:1: no response/);
  });
});
