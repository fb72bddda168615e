/** The lab without Docker, as a user starts it. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runCommand } from '../support/command.ts';
import { runTimed } from '../support/cpu-time.ts';
import { assertPassedSmoke, reportOf } from '../support/report.ts';

describe('./encore', () => {
  it('passes a smoke run, with kills healed by policy and by the supervisor', async () => {
    const run = await runCommand('./encore', ['--profile', 'smoke', '--seed', '7'], {
      timeoutMs: 400_000,
      env: { ENCORE_RESULTS_DIR: 'test_results/embedded' },
    });
    assertPassedSmoke(run, await reportOf(run));
  });

  it('refuses bad settings in under 2 s of CPU time, all problems together, with nothing started', async () => {
    const bad = ['--users', '-3', '--hours', 'abc', '--config', '/no/such/file.yaml'];
    const run = await runTimed('./encore', bad, { timeoutMs: 60_000 });
    assert.equal(run.exitCode, 3);
    assert.ok(run.cpuSeconds < 2, `${run.cpuSeconds} s of CPU time`);
    const said = run.stdout + run.stderr;
    for (const word of ['--users', '--hours', '/no/such/file.yaml'])
      assert.ok(said.includes(word), `${word} is not named in:\n${said}`);
  });

  it('prints the same plan for the same seed', async () => {
    const dryRun = (seed: string) =>
      runCommand('./encore', ['--profile', 'smoke', '--seed', seed, '--dry-run'], { timeoutMs: 60_000 });
    const [first, second, other] = [await dryRun('7'), await dryRun('7'), await dryRun('8')];
    assert.equal(first.exitCode, 0);
    assert.equal(first.stdout, second.stdout);
    assert.notEqual(first.stdout, other.stdout);
  });
});
