/** The lab on the real engine with the real Toxiproxy, as a user starts it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { root, runCommand, tail } from '../support/command.ts';
import { ComposeLab } from '../support/compose-lab.ts';
import type { Range } from '../support/prometheus.ts';
import { assertGeneratorKilled, assertPassedSmoke, assertStopped, reportOf } from '../support/report.ts';
import { playSong, readSong } from '../support/song.ts';
import { assertWatched } from './watching.ts';

const lab = new ComposeLab('encore-e2e');
const { project } = lab;

/** Everything that a fault could have changed in the server's container. */
async function stateOfServer(): Promise<string> {
  const limits = '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}}';
  const format = `{{.State.Paused}} {{.State.Status}} {{.State.Health.Status}} ${limits} {{len .NetworkSettings.Networks}}`;
  const answer = await lab.docker(['inspect', '--format', format, `${project}-server-1`], 10_000);
  return answer.stdout.trim();
}

/** Samples the server's container from outside five times per second, and keeps each new state. */
function watchServer(): { stop: () => Promise<{ restartCount: number; startedAt: string }[]> } {
  const seen: { restartCount: number; startedAt: string }[] = [];
  let on = true;
  const watching = (async () => {
    while (on) {
      const format = '{{.RestartCount}} {{.State.StartedAt}}';
      const answer = await lab.docker(['inspect', '--format', format, `${project}-server-1`], 10_000);
      const [count = '', startedAt = ''] = answer.stdout.trim().split(' ');
      if (startedAt !== '' && seen.at(-1)?.startedAt !== startedAt)
        seen.push({ restartCount: Number(count), startedAt });
      await new Promise((next) => setTimeout(next, 200));
    }
    return seen;
  })();
  return {
    stop: () => {
      on = false;
      return watching;
    },
  };
}

describe('docker compose', () => {
  before(async function () {
    await lab.prepare(this);
    await lab.up('--scale', 'orchestrator=0');
  });
  after(() => lab.down());

  it('creates, analyzes and exports a real song', async function () {
    const corpus = process.env['ENCORE_CORPUS'];
    if (!corpus) {
      process.stdout.write('    SKIPPED: ENCORE_CORPUS is not set, so there is no real song\n');
      this.skip();
    }
    await playSong(lab.url('SERVER'), await readSong(corpus));
  });

  it('binds 0.0.0.0 in its container, and accepts only its own names as Host', async () => {
    const sockets = await lab.compose(['exec', '-T', 'server', 'cat', '/proc/net/tcp'], 20_000);
    assert.match(sockets.stdout, / 00000000:1F40 00000000:0000 0A /, 'port 8000 listens on every address');
    const statusOf = async (path: string, method: string, headers: Record<string, string>) => {
      const sent = request({ host: '127.0.0.1', port: lab.port('SERVER'), path, method, headers }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    const known = { host: 'localhost' };
    const foreign = [{ host: 'evil.example' }, { ...known, origin: 'https://evil.example' }];
    assert.equal(await statusOf('/scores', 'GET', known), 200);
    for (const headers of foreign)
      assert.equal(await statusOf('/scores', 'GET', headers), 403, JSON.stringify(headers));
    assert.equal(await statusOf('/mcp', 'POST', known), 400, 'an empty message is no JSON');
    for (const headers of foreign) assert.equal(await statusOf('/mcp', 'POST', headers), 403, JSON.stringify(headers));
  });

  let smoke: { range: Range; report: Report } | undefined;
  it('passes a smoke run; each recovery by the restart policy raises RestartCount by one', async () => {
    const watch = watchServer();
    const fromMs = Date.now();
    const run = await lab.orchestrate(['--profile', 'smoke', '--seed', '7']);
    const range = { fromMs, toMs: Date.now() };
    const seen = await watch.stop();
    const report = await reportOf(run);
    smoke = { range, report };
    assertPassedSmoke(run, report);
    const logs = join(root, 'test_results', `production_test_${report.run_id.slice(1)}`, 'logs');
    const sizeOf = (name: string) => statSync(join(logs, `${name}.log`)).size;
    for (const name of ['server', 'loadgen', 'toxiproxy'])
      assert.ok(sizeOf(name) > 0 && sizeOf(name) <= 5_000_000, `${name}.log: ${sizeOf(name)} bytes`);
    for (const name of ['postgres', 'prometheus']) assert.ok(sizeOf(name) >= 0, name);
    const policyRestarts = seen.filter(
      (state, i) => i > 0 && state.restartCount === (seen[i - 1]?.restartCount ?? 0) + 1,
    ).length;
    // Each crash, and each memory cap under which the kernel killed the server.
    const recovered = report.faults.filter((fault) => fault.recovered_by === 'restart-policy').length;
    assert.equal(policyRestarts, recovered, JSON.stringify(seen));
    assert.ok(
      report.faults.some((fault) => fault.kind === 'memory-cap' && fault.effect === 'confirmed'),
      'a memory cap took effect',
    );
  });

  it('was watched in the smoke run: each panel and rule has its data, each alert is in the state that it declares', async () => {
    assert.ok(smoke, 'there was no run');
    await assertWatched(lab.url('PROMETHEUS'), smoke.range, smoke.report);
  });

  it('makes the same plan as ./encore for the same seed', async () => {
    const dryRun = await runCommand('./encore', ['--profile', 'smoke', '--seed', '7', '--dry-run'], {
      timeoutMs: 60_000,
    });
    const hash = smoke?.report.plan_hash.slice(0, 12);
    assert.ok(hash && dryRun.stdout.includes(hash), `${hash}\n${dryRun.stdout}`);
  });

  const stop = () => fetch(`${lab.url('PAGE')}/stop`, { method: 'POST' });
  // The lease ends 10 s after the last renewal: by then a fault that had just been injected is a
  // held one.
  for (const [step, comes] of [
    ['has just been injected', async () => {}],
    ['is being reverted', stop],
  ] as const)
    it(`reverts everything when the orchestrator is SIGKILLed while a fault ${step}`, async () => {
      const before = await stateOfServer();
      const args = [
        '--name',
        `${project}-killed`,
        ...lab.runOptions,
        'orchestrator',
        '--config',
        'test/e2e/frozen.yaml',
      ];
      const started = await lab.compose(['run', '--detach', ...args], 60_000);
      assert.equal(started.exitCode, 0, tail(started.stderr));
      try {
        const isPaused = async () => (await stateOfServer()).startsWith('true');
        await waitUntil('the freeze', isPaused, { timeoutMs: 60_000 });
        await comes();
        await lab.docker(['kill', `${project}-killed`], 10_000);
        const from = performance.now();
        await waitUntil('the end of the freeze', async () => !(await isPaused()), { timeoutMs: 30_000 });
        // The plan keeps it active for 40 s, the run's lease for 10 s after the orchestrator's
        // last renewal.
        assert.ok(performance.now() - from < 20_000, `${performance.now() - from} ms`);
        // Healthy again too, or the engine starts nothing that depends on it.
        await waitUntil('the state before', async () => (await stateOfServer()) === before, { timeoutMs: 60_000 });
      } finally {
        await lab.docker(['rm', '--force', `${project}-killed`], 30_000);
      }
    });

  it('reverts what is held within 5 s of POST /stop, and writes the report', async () => {
    const before = await stateOfServer();
    const running = lab.orchestrate(['--config', 'test/e2e/frozen.yaml']);
    const isPaused = async () => (await stateOfServer()).startsWith('true');
    await waitUntil('the freeze', isPaused, { timeoutMs: 90_000 });
    // The effect check follows the injection.
    await new Promise((held) => setTimeout(held, 3_000));
    const from = performance.now();
    await stop();
    await waitUntil('the end of the freeze', async () => !(await isPaused()), { timeoutMs: 30_000, everyMs: 25 });
    const tookMs = performance.now() - from;
    process.stdout.write(`      reverted ${(tookMs / 1_000).toFixed(1)} s after POST /stop\n`);
    const run = await running;
    assertStopped(run, await reportOf(run), 1);
    assert.ok(tookMs < 5_000, `reverted after ${tookMs} ms`);
    // Healthy again too, or the engine starts nothing that depends on it.
    await waitUntil('the state before', async () => (await stateOfServer()) === before, { timeoutMs: 60_000 });
  });

  it('leaves a ledger and a history from which the report is built when the load generator is SIGKILLed: INCONCLUSIVE, with the gap', async () => {
    // Kill the child of the container's init: the init then exits, and the engine restarts the
    // container.
    const kill = ['exec', '-T', 'loadgen', 'sh', '-c', 'kill -9 $(cat /proc/1/task/1/children)'];
    let printed = '';
    let killing: Promise<{ fromMs: number; toMs: number }> | undefined;
    const onOutput = (text: string): void => {
      printed += text;
      if (killing || !/f0001 .* injected/.test(printed)) return;
      const fromMs = Date.now();
      killing = lab.compose(kill, 20_000).then(() => ({ fromMs, toMs: Date.now() }));
    };
    const run = await lab.orchestrate(['--config', 'test/e2e/generator-killed.yaml', '--seed', '7'], { onOutput });
    const killed = await killing;
    assert.ok(killed, 'there was no fault');
    assert.equal(run.exitCode, 2, tail(run.stdout));
    assertGeneratorKilled(await reportOf(run), killed);
  });

  it('FAILS a run against a dead server', async () => {
    const run = await lab.orchestrate(['--config', 'test/e2e/server-down.yaml']);
    const report = await reportOf(run);
    assert.equal(report.result, 'FAILED', tail(run.stdout));
    assert.equal(run.exitCode, 1);
  });

  it('publishes only on 127.0.0.1, limits every service, and leaves no core file', async () => {
    const listed = await lab.compose(['ps', '-aq'], 20_000);
    const ids = listed.stdout.trim().split('\n');
    const inspected = await lab.docker(['inspect', ...ids], 20_000);
    interface Container {
      Name: string;
      HostConfig: { Memory: number; PortBindings: Record<string, { HostIp: string }[]> | null };
    }
    const containers = JSON.parse(inspected.stdout) as Container[];
    assert.ok(containers.length >= 7, `${containers.length} containers`);
    for (const { Name, HostConfig } of containers) {
      assert.ok(HostConfig.Memory > 0, `${Name} has no memory limit`);
      for (const binding of Object.values(HostConfig.PortBindings ?? {}).flat())
        assert.equal(binding.HostIp, '127.0.0.1', Name);
    }
    const total = containers.reduce((sum, { HostConfig }) => sum + HostConfig.Memory, 0);
    assert.ok(total < 3 * 1024 ** 3, `the limits add up to ${total} bytes`);
    const cores = await lab.compose(
      ['exec', '-T', 'server', 'sh', '-c', 'ls /app/core* /scratch/core* 2>/dev/null | wc -l'],
      20_000,
    );
    assert.equal(cores.stdout.trim(), '0', cores.stderr);
  });
});
