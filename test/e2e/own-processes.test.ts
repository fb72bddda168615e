/**
 * `encore run` of processes without Docker: nothing is left after Ctrl-C, and after a SIGKILL of
 * every program of Encore `encore revert` ends what is left.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, reportSchema } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { parentOfProcess } from '../../packages/kit/src/host-process.ts';
import { root, runCommand, tail } from '../support/command.ts';
import { unlessLate } from '../support/report.ts';

const api = `
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
// A child, which ends with it.
spawn('sleep', ['1000']);
createServer((_request, response) => response.end('{"hello":"world"}')).listen(Number(process.env.PORT), '127.0.0.1');`;

const workload = `
first: hello
probe: { request: { path: /hello } }
operations:
  hello:
    weight: 1
    steps: [{ request: { path: /hello }, check: { json: { $.hello: world } } }]`;

const encoreFile = `
system:
  entry: api:3000
  recoveryOf: api
  processes:
    api:
      command: [node, api.mjs]
      env: { PORT: '\${port.api:3000}' }
      restart: on-failure:5
      health: { ready: 'http://api:3000/hello' }
  proxies:
    api:3000: { probe: http }
workload: load.yaml
profile: smoke
users: 2
rampSeconds: 1
capacitySeconds: 0
schedule:
  - { name: crash, target: api, when: { atSeconds: [5] }, faults: [{ kind: crash }] }
  - { name: freeze, target: api, when: { atSeconds: [25] }, faults: [{ kind: freeze, durationSeconds: { min: 60, max: 60 } }] }
allowInfeasiblePlan: true
`;

describe('encore run of processes', function () {
  this.timeout(300_000);
  let folder = '';
  let env: NodeJS.ProcessEnv = {};
  let run: ChildProcess | undefined;
  let output = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-own-processes-'));
    env = { ...process.env, ENCORE_HOME: join(folder, 'home') };
    writeFileSync(join(folder, 'api.mjs'), api);
    writeFileSync(join(folder, 'load.yaml'), workload);
    writeFileSync(join(folder, 'encore.yaml'), encoreFile);
    output = '';
  });
  afterEach(async () => {
    run?.kill('SIGKILL');
    await runCommand(join(root, 'encore'), ['revert'], { cwd: folder, env, timeoutMs: 60_000 });
    rmSync(folder, { recursive: true, force: true });
  });

  function start(): ChildProcess {
    const options = { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
    const child = spawn(join(root, 'encore'), ['run', '--no-monitor'], options);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    run = child;
    return child;
  }

  async function printed(text: string): Promise<void> {
    try {
      await waitUntil(`"${text}"`, () => output.includes(text), { timeoutMs: 120_000 });
    } catch (error) {
      assert.fail(`${String(error)}\n${tail(output)}`);
    }
  }

  /** Process ids by command line, of the processes that run in this folder or have it in theirs. */
  function processes(): Map<number, string> {
    const found = new Map<number, string>();
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        const isOurs = `${command}${environment}`.includes(folder);
        if (isOurs && command !== '' && Number(name) !== process.pid) found.set(Number(name), command);
      } catch {
        // It has ended, or belongs to another user.
      }
    }
    return found;
  }

  it('names a process that ends before it is ready, with its log, and starts no load', async () => {
    const missing = encoreFile.replace('api.mjs', 'missing.mjs').replace('restart: on-failure:5', "restart: 'no'");
    writeFileSync(join(folder, 'encore.yaml'), missing);
    const [exitCode] = await once(start(), 'exit');
    assert.notEqual(exitCode, 0);
    assert.match(
      output,
      /api exited with code 1 before it was ready\. The end of its log:[\s\S]*Cannot find module .*missing\.mjs/,
    );
    assert.doesNotMatch(output, /phase ramp/);
    await waitUntil('the end of all processes', () => processes().size === 0, { timeoutMs: 20_000 });
  });

  it('ends at Ctrl-C while it starts, without a report', async () => {
    const child = start();
    await printed('starting the lab');
    child.kill('SIGINT');
    const [exitCode] = await once(child, 'exit');
    assert.equal(exitCode, exitCodes.INTERRUPTED);
    assert.match(output, /Interrupted before the run began, so there is no report\./);
    await waitUntil('the end of all processes', () => processes().size === 0, { timeoutMs: 20_000 });
  });

  it('leaves nothing after Ctrl-C during a freeze, but a report', async () => {
    const child = start();
    await printed('f0002 freeze of api: injected');
    assert.ok([...processes().values()].some((command) => command.includes('sleep 1000')));
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    const [exitCode] = await exit;
    assert.match(output, /api started by restart-policy/, 'the crash is recovered');
    await waitUntil('the end of all processes', () => processes().size === 0, { timeoutMs: 20_000 });
    const [name = '', ...others] = readdirSync(join(folder, 'test_results')).filter((one) => one.endsWith('.json'));
    assert.deepEqual(others, []);
    const report = reportSchema.parse(JSON.parse(readFileSync(join(folder, 'test_results', name), 'utf8')));
    assert.deepEqual(
      [report.result, exitCode],
      unlessLate(report, ['INTERRUPTED', exitCodes.INTERRUPTED]),
      tail(output),
    );
    assert.deepEqual(
      report.faults.map(({ kind, effect }) => [kind, effect]),
      [
        ['crash', 'confirmed'],
        ['freeze', 'confirmed'],
      ],
      tail(output),
    );
    assert.deepEqual(readdirSync(join(folder, 'home', 'labs')), []);
  });

  it('has what is left ended by revert, when all of Encore was killed', async () => {
    start();
    await printed('f0001 crash of api: injected');
    const revert = () => runCommand(join(root, 'encore'), ['revert'], { cwd: folder, env, timeoutMs: 60_000 });
    const refused = await revert();
    assert.equal(refused.exitCode, 3, refused.stdout);
    assert.match(refused.stderr, /a run of this folder is still running \(process \d+\); stop it with Ctrl-C/);
    const second = await runCommand(join(root, 'encore'), ['run'], { cwd: folder, env, timeoutMs: 60_000 });
    assert.equal(second.exitCode, 3, second.stdout);
    assert.match(second.stderr, /still running .* two runs of a project would slow each other down/);
    await printed('api started by restart-policy');
    // The user's processes are left: the API and its child.
    const isUsers = (command: string): boolean => /^(node api\.mjs|sleep 1000)/.test(command);
    const own = [...processes()].filter(([, command]) => !isUsers(command)).map(([pid]) => pid);
    const reaper = [...processes()].filter(([, command]) => command.includes('encore-reaper'));
    assert.equal(reaper.length, 1);
    // The reaper first: it would end everything.
    for (const [pid] of reaper) process.kill(pid, 'SIGKILL');
    for (const pid of own) if ((await parentOfProcess(pid)) !== null) process.kill(pid, 'SIGKILL');
    const left = () => [...processes().values()].filter(isUsers).length;
    assert.equal(left(), 2);
    const reverted = await revert();
    assert.equal(reverted.exitCode, 0, reverted.stderr);
    assert.match(reverted.stdout, /Ended 2 processes of a killed run/);
    await waitUntil('the end of all processes', () => processes().size === 0, { timeoutMs: 20_000 });
    const again = await revert();
    assert.match(again.stdout, /No run of this folder left anything behind/);
  });
});
