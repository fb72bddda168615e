/** The lab without Docker, as a user starts it. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runCommand, tail } from '../support/command.ts';
import { assertPassedSmoke, reportOf } from '../support/report.ts';

describe('./encore', () => {
  it('passes a smoke run, with kills healed by policy and by the supervisor', async () => {
    const run = await runCommand('./encore', ['--profile', 'smoke', '--seed', '7'], { timeoutMs: 400_000 });
    assertPassedSmoke(run, await reportOf(run));
  });

  it('FAILS a run against a dead server', async () => {
    const run = await runCommand('./encore', ['--profile', 'smoke', '--hours', '0.02', '--control', 'server-down'], {
      timeoutMs: 300_000,
    });
    const report = await reportOf(run);
    assert.equal(report.result, 'FAILED', tail(run.stdout));
    assert.equal(run.exitCode, 1);
    assert.ok((report.totals.success_rate ?? 1) < 0.5, `success rate ${report.totals.success_rate}`);
  });

  it('calls a run whose faults do nothing INCONCLUSIVE', async () => {
    const run = await runCommand('./encore', ['--profile', 'smoke', '--hours', '0.03', '--control', 'no-bite'], {
      timeoutMs: 300_000,
    });
    const report = await reportOf(run);
    assert.equal(report.result, 'INCONCLUSIVE', tail(run.stdout));
    assert.equal(run.exitCode, 2);
  });

  it('refuses bad settings in under 2 s, all problems together, with nothing started', async () => {
    const bad = ['--users', '-3', '--hours', 'abc', '--config', '/no/such/file.yaml'];
    const run = await runCommand('./encore', bad, { timeoutMs: 10_000 });
    assert.equal(run.exitCode, 3);
    assert.ok(run.seconds < 2, `${run.seconds} s`);
    const said = run.stdout + run.stderr;
    for (const word of ['--users', '--hours', '/no/such/file.yaml'])
      assert.ok(said.includes(word), `${word} is not named in:\n${said}`);
  });

  it('prints the same plan for the same seed', async () => {
    const dryRun = (seed: string) =>
      runCommand('./encore', ['--profile', 'smoke', '--seed', seed, '--dry-run'], { timeoutMs: 10_000 });
    const [first, second, other] = [await dryRun('7'), await dryRun('7'), await dryRun('8')];
    assert.equal(first.exitCode, 0);
    assert.equal(first.stdout, second.stdout);
    assert.notEqual(first.stdout, other.stdout);
  });
});
