/** Control runs on the embedded runtime: they do not pass, and their reports state the reason. */
import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { type CommandResult, runCommand, tail } from '../support/command.ts';
import { reportOf } from '../support/report.ts';

async function perform(config: string): Promise<{ run: CommandResult; report: Report }> {
  const env = { ENCORE_RESULTS_DIR: 'test_results/controls' };
  const run = await runCommand('./encore', ['--config', config, '--seed', '7'], { timeoutMs: 300_000, env });
  return { run, report: await reportOf(run) };
}

describe('control runs of ./encore', () => {
  it('FAILS a run against a dead server', async () => {
    const { run, report } = await perform('test/e2e/server-down.yaml');
    assert.equal(report.result, 'FAILED', tail(run.stdout));
    assert.equal(run.exitCode, 1);
    assert.ok((report.totals.success_rate ?? 1) < 0.5, `success rate ${report.totals.success_rate}`);
    assert.match(report.reasons.join('\n'), /^recovery_seconds: /m);
  });

  it('reports INCONCLUSIVE for a run with no-op faults', async () => {
    const { run, report } = await perform('test/e2e/noop-faults.yaml');
    assert.equal(report.result, 'INCONCLUSIVE', tail(run.stdout));
    assert.equal(run.exitCode, 2);
    const reasons = report.reasons.join('\n');
    assert.match(reasons, /^2 kills had no confirmed effect: f0001 \(crash of server\), f0003 \(outage of server\)$/m);
    assert.match(reasons, /^only 0 of 3 faults had a confirmed effect/m);
  });
});
