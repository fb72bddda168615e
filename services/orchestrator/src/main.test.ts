import assert from 'node:assert/strict';
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runTimed } from '../../../test/support/cpu-time.ts';
import { historyFile } from './judge/run-folder.ts';
import { FakeLab } from './testing/fake-lab.ts';
import { SimulatedRun } from './testing/simulated-run.ts';
import { writeRunFolder } from './testing/simulated-run-folder.ts';

const main = join(import.meta.dirname, 'main.ts');

class Program {
  readonly child: ChildProcess;
  said = '';

  constructor(args: string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env['PATH'], ...env } });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
  }

  until(text: string): Promise<unknown> {
    return waitUntil(`"${text}" in:\n${this.said}`, () => this.said.includes(text), { timeoutMs: 60_000 });
  }

  async end(): Promise<{ exitCode: number | null; said: string }> {
    const exitCode = this.child.exitCode ?? ((await once(this.child, 'close')) as [number | null])[0];
    return { exitCode, said: this.said };
  }
}

describe('encore, the program', function () {
  this.timeout(180_000);
  let lab: FakeLab;
  const running: Program[] = [];
  const encore = (...args: string[]): Program => {
    const program = new Program(args, lab.environment);
    running.push(program);
    return program;
  };
  const startRun = (): Program => encore(...lab.shortRun);
  beforeEach(async () => {
    lab = await FakeLab.start();
  });
  afterEach(async () => {
    for (const { child } of running.splice(0)) child.kill('SIGKILL');
    await lab[Symbol.asyncDispose]();
  });

  it('refuses bad settings in under 2 s of CPU time, all together, with nothing asked of anybody', async () => {
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

  it('refuses an environment that it cannot use', async () => {
    const program = new Program(['check'], { ENCORE_PORT: 'abc' });
    running.push(program);
    const { exitCode, said } = await program.end();
    assert.equal(exitCode, 3, said);
    assert.match(said, /Refused to start:\n {2}environment: ENCORE_PORT: must be a port/);
  });

  it('refuses when it cannot be loaded: the 1 that Node itself would give says that a run FAILED', async () => {
    const lacking = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(name, context, next) {
        if (name === 'yaml') throw new Error('there is no yaml');
        return next(name, context);
      } });`;
    const program = new Program(['check'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lacking)}`,
    });
    running.push(program);
    const { exitCode, said } = await program.end();
    assert.equal(exitCode, 3, said);
    assert.match(said, /could not be loaded: there is no yaml/);
  });

  it('is no success when its answer cannot be written, and no FAILED when its complaints cannot', async function () {
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

  it('fails when the verdict of a stored run cannot be printed, and says so', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const { folder, lines } = await writeRunFolder(new SimulatedRun({ faults: [] }));
    const full = openSync('/dev/full', 'w');
    const end = (...args: string[]) => {
      const { status, stderr } = spawnSync(process.execPath, [main, ...args], { stdio: ['ignore', full, 'pipe'] });
      return [status, stderr.toString()] as const;
    };
    const said = /^encore: standard output cannot be written \(.*\); free space, or print elsewhere$/m;
    try {
      for (const [history, codes] of [
        [lines, { verify: 3, report: 3 }],
        // A verdict that is not PASSED keeps its exit code.
        [lines.slice(0, -1), { verify: 2, report: 2 }],
      ] as const) {
        writeFileSync(join(folder, historyFile), `${history.join('\n')}\n`);
        for (const command of ['report', 'verify'] as const) {
          const [status, stderr] = end(command, folder);
          assert.equal(status, codes[command], stderr);
          assert.match(stderr, said);
        }
      }
    } finally {
      closeSync(full);
      rmSync(folder, { recursive: true });
      rmSync(`${folder}.json`, { force: true });
    }
  });

  it('on Ctrl-C undoes, reports and ends with 130', async () => {
    const program = startRun();
    await program.until('phase steady');
    program.child.kill('SIGINT');
    const { exitCode, said } = await program.end();
    assert.equal(exitCode, 130, said);
    assert.match(said, /Result: INTERRUPTED/);
    assert.ok(lab.chaos.asked.includes('POST /heal'));
  });

  it('on a second Ctrl-C leaves at once', async () => {
    const program = startRun();
    await program.until('phase steady');
    // Not before: a run begins by stopping whatever a former one left.
    lab.chaos.stopMs = 6_000;
    program.child.kill('SIGINT');
    await program.until('phase heal');
    const at = performance.now();
    program.child.kill('SIGINT');
    const { exitCode, said } = await program.end();
    assert.equal(exitCode, 130);
    assert.ok(performance.now() - at < 1_000);
    assert.match(
      said,
      /\nLeft at once, without a report\. What .* undone within 10 s; `\.\/encore report` makes the report/,
    );
  });

  it('is reported as a run that may go on while it does, and no longer when it is over', async () => {
    const program = startRun();
    await program.until('phase steady');
    const during = await encore('report').end();
    assert.equal(during.exitCode, 2, during.said);
    assert.match(during.said, /^The record of this run has no end and was written to \d s ago\. If the run goes on, /);
    program.child.kill('SIGINT');
    await program.end();
    const after = await encore('report').end();
    assert.equal(after.exitCode, 130, after.said);
    assert.doesNotMatch(after.said, /has no end/);
  });

  it('killed, leaves a record from which `encore report` makes an INCONCLUSIVE report, and verify agrees', async () => {
    const program = startRun();
    await program.until('phase steady');
    program.child.kill('SIGKILL');
    await program.end();
    assert.deepEqual(readdirSync(lab.resultsDir), []);
    const reported = await encore('report').end();
    assert.equal(reported.exitCode, 2, reported.said);
    assert.match(reported.said, /Result: INCONCLUSIVE/);
    const folder = readdirSync(lab.resultsDir).find((name) => !name.includes('.')) ?? '';
    const verified = await encore('verify', join(lab.resultsDir, folder)).end();
    assert.equal(verified.exitCode, 2, verified.said);
    assert.match(verified.said, new RegExp(`${folder}.json says the same, figure by figure`));
    const refused = await encore('verify', '/no/such/run').end();
    assert.equal(refused.exitCode, 3);
    assert.match(refused.said, new RegExp(`no such run folder; give .*${folder} \\(the last one there\\)`));
  });

  it('says what a checklist finds, and heals on request', async () => {
    const checked = await encore('check', '--profile', 'smoke').end();
    assert.equal(checked.exitCode, 0, checked.said);
    assert.match(checked.said, /A run can start/);
    for (const name of [
      'engine',
      'control groups',
      'memory',
      'clocks',
      'load generator capacity',
      'disk for the results',
    ])
      assert.match(checked.said, new RegExp(`^ *(ok|WARN) +${name}: `, 'm'), name);
    const healed = await encore('heal').end();
    assert.deepEqual([healed.exitCode, healed.said], [0, 'nothing to heal\n']);
    lab.server.status = 'paused';
    assert.match(
      (await encore('heal').end()).said,
      /^server is paused, and no fault keeps it so; `docker compose unpause server` ends that$/m,
    );
    assert.match((await encore('faults').end()).said, /^crash /m);
    const { said } = await encore('scenarios').end();
    assert.match(said, /^scenarios\/[a-z-]+\.yaml +[A-Z]/m);
    assert.doesNotMatch(said, /yaml-language-server/);
  });

  it('shows a run from another terminal, in plain lines where there is none', async () => {
    const program = encore('monitor', '--url', 'http://127.0.0.1:1');
    const { exitCode, said } = await program.end();
    assert.equal(exitCode, 3);
    assert.match(said, /no run to watch at http:\/\/127\.0\.0\.1:1: nobody answers there/);
  });
});
