import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { phasesOf, planOf, polled, runOver } from '../testing/fake-run.ts';
import { FakeServices } from '../testing/fake-services.ts';
import type { StopLimits } from './loops/stop-rules.ts';

describe('a run that ends early', function () {
  this.timeout(60_000);
  let lab: FakeServices;
  beforeEach(async () => {
    lab = await FakeServices.start();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  it('stops what a killed orchestrator left behind, and excludes its events', async () => {
    lab.chaos.onStop = () => {
      lab.chaos.events.add({ type: 'fault_due', at: systemClock.now(), faultId: 'f0009', plannedAt: 1 });
      lab.chaos.onStop = () => {};
    };
    const { history, said } = await runOver(lab, planOf(1, []));
    const changes = lab.chaos.asked.filter((asked) => asked.endsWith('/schedule'));
    assert.deepEqual(changes.slice(0, 2), ['DELETE /schedule', 'POST /schedule'], said);
    assert.deepEqual(
      history.filter(({ type }) => type === 'fault_due'),
      [],
    );
  });

  it('reverts all faults and writes a partial report on a stop: INTERRUPTED, 130', async () => {
    const { exitCode, said, history, report } = await runOver(lab, planOf(60, []), async (text, stop) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 15_000 });
      stop('stopped by SIGINT');
    });
    assert.equal(exitCode, 130, said);
    assert.equal(report?.result, 'INTERRUPTED');
    assert.deepEqual(phasesOf(history), ['preflight', 'startup', 'ramp', 'steady', 'cooldown', 'close']);
    assert.ok(lab.chaos.asked.includes('DELETE /schedule') && lab.chaos.asked.includes('POST /revert'));
    assert.ok(lab.loadgen.asked.includes('POST /stop'));
  });

  it('does not start while the server is not ready, and shows its container state and last log lines', async () => {
    lab.server.ready = false;
    lab.server.status = 'paused';
    lab.chaos.proxyMisfits = { 'server:8000': 'timeout' };
    lab.chaos.logs = { server: `${['a', 'b', 'c', 'd', 'e', 'f'].map((line) => `line ${line}`).join('\n')}\n\n` };
    const { exitCode, said } = await runOver(lab, planOf(1, []));
    assert.equal(exitCode, 3);
    assert.match(
      said,
      /FAIL {2}server and its dependencies: .*\. Containers: server is paused\n +\| line b\n(?: +\| line [cde]\n){3} +\| line f\n +→ .*revert leftover faults with `.*encore revert`/,
    );
    assert.ok(!said.includes('line a'), said);
    assert.match(
      said,
      /FAIL {2}probes: server:8000: timeout\n +→ check that the container behind the proxy is running; then set/,
    );
    const reads = lab.chaos.asked.filter((request) => request === 'GET /engine');
    assert.equal(reads.length, 1, 'does not wait for its answers too');
  });

  it("gives the hint for a run of a user's project instead of commands about the stack in the current folder", async () => {
    lab.server.ready = false;
    lab.logsHint = 'run again with --keep';
    const { said } = await runOver(lab, planOf(1, []));
    assert.match(
      said,
      /FAIL {2}server and its dependencies: .*\n(?: +\| .*\n)* +→ make sure that health\.ready of server is a URL that answers 200 .*; run again with --keep\n/,
    );
    assert.doesNotMatch(said, /docker compose|revert leftover/);
  });

  it('ends when a stop file appears, and does not start while it exists', async () => {
    const file = join(lab.resultsDir, 'STOP');
    const { exitCode, said } = await runOver(lab, planOf(60, []), async (text) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 15_000 });
      writeFileSync(file, '');
    });
    assert.equal(exitCode, 130, said);
    const again = await runOver(lab, planOf(1, []));
    assert.equal(again.exitCode, 3);
    assert.equal(
      again.said,
      `Refused to start:\n  stop file: ${file} exists, which stops all runs; delete it to allow runs\n`,
    );
  });

  const stopRules: [string, RegExp, Partial<StopLimits>, () => void][] = [
    ['the server does not come back', /not been ready/, { brokenMs: 1_000 }, () => (lab.server.ready = false)],
    ['users get wrong answers repeatedly', /wrong answers/, {}, () => (lab.loadgen.receivesWrongAnswers = true)],
    ['the machine is short of memory', /of memory left/, { memoryBytes: Number.POSITIVE_INFINITY }, () => {}],
    ['the disk is almost full', /results disk/, { diskBytes: Number.POSITIVE_INFINITY }, () => {}],
  ];
  for (const [what, reason, limits, spoil] of stopRules) {
    it(`ends early when ${what}: reverts all faults within 5 s, and writes a report`, async () => {
      let revertedAt = 0;
      const { history, report } = await runOver(
        lab,
        planOf(60, []),
        async (text) => {
          await waitUntil('the ramp', () => text().includes('phase ramp'), { timeoutMs: 15_000 });
          spoil();
          await waitUntil('the revert', () => lab.chaos.asked.includes('POST /revert'), {
            timeoutMs: 15_000,
            everyMs: 20,
          });
          revertedAt = Date.now();
          lab.server.ready = true;
        },
        limits,
      );
      const ended = history.at(-1);
      assert.ok(ended?.type === 'run_ended' && ended.status === 'aborted' && reason.test(ended.reason ?? ''));
      const cooldown = history.find((event) => event.type === 'phase_entered' && event.phase === 'cooldown');
      assert.ok(revertedAt - (cooldown?.at ?? 0) < 5_000, `${revertedAt - (cooldown?.at ?? 0)} ms`);
      assert.ok(lab.chaos.asked.includes('DELETE /schedule'));
      assert.ok(report !== null && report.result !== 'PASSED', report?.result);
    });
  }

  it('ends early by a rule of the user that stays broken', async () => {
    lab.loadgen.receivesWrongAnswers = true;
    const { history, report } = await runOver(
      lab,
      planOf(60, []),
      undefined,
      { wrongAnswers: Number.POSITIVE_INFINITY, judgeEveryMs: 500 },
      { abort: { wrong_answers: 2, success_rate: 0 } },
    );
    const ended = history.at(-1);
    assert.ok(ended?.type === 'run_ended' && ended.status === 'aborted');
    assert.match(ended.reason ?? '', /the rule of wrong_answers has been broken for 2 s/);
    assert.equal(report?.result, 'FAILED');
  });

  for (const phase of ['ramp', 'steady'] as const) {
    it(`ends early when the load is lost in ${phase}: reads writes back, and records the gap`, async () => {
      const { exitCode, history, report, said } = await runOver(lab, planOf(60, []), async (text) => {
        await waitUntil(phase, () => text().includes(`phase ${phase}`), { timeoutMs: 15_000 });
        await polled(lab.loadgen);
        await lab.loadgen.restart();
      });
      assert.equal(exitCode, 2, said);
      const lost = history.find((event) => event.type === 'source_lost' && event.source === 'loadgen');
      const ended = history.at(-1);
      assert.ok(ended?.type === 'run_ended' && ended.status === 'aborted');
      assert.equal(report?.result, 'INCONCLUSIVE');
      assert.match(report.reasons.join('\n'), /the run was aborted: the load generator restarted/);
      const [gap] = report.gaps;
      assert.ok(gap && lost, said);
      assert.match(gap.reason, /the load generator restarted/);
      assert.equal(Date.parse(gap.to), Math.trunc(lost.at));
      assert.ok(Date.parse(gap.from) <= lost.at && Date.parse(gap.from) > lost.at - 2_000, `${gap.from} to ${gap.to}`);
      assert.equal(report.integrity.read_back, report.integrity.acknowledged);
    });
  }

  it('repeats the restart before the read-back if the engine does not carry it out', async () => {
    lab.chaos.startForbidden = true;
    const isRestart = (request: string): boolean => request === 'POST /targets/server/restart';
    const { history, report, said } = await runOver(lab, planOf(1, []), async () => {
      await waitUntil('the restart', () => lab.chaos.asked.some(isRestart), { timeoutMs: 15_000 });
      lab.chaos.startForbidden = false;
    });
    assert.ok(lab.chaos.asked.filter(isRestart).length > 1, said);
    assert.ok(
      history.some((event) => event.type === 'run_ended' && event.status === 'completed'),
      said,
    );
    assert.equal(report?.integrity.read_back, report?.integrity.acknowledged);
  });

  it('reports a restart of the load generator during the read-back', async () => {
    lab.loadgen.readBackHangs = true;
    const { exitCode, report, said } = await runOver(lab, planOf(1, []), async () => {
      await waitUntil('the read-back', () => lab.loadgen.isReadingBack, { timeoutMs: 10_000 });
      await lab.loadgen.restart();
    });
    assert.equal(exitCode, 2, said);
    assert.match(report?.reasons.join('\n') ?? '', /reading back: .*the load generator restarted/);
    assert.match(report?.reasons.join('\n') ?? '', /there was no final read-back/);
  });

  it('gives the reason of the load generator when the read-back has no result', async () => {
    lab.loadgen.readBackFailure = 'WORKLOAD_FAILED the workload failed (shop.mts:3:1): Error: not read';
    const { exitCode, report, said } = await runOver(lab, planOf(1, []));
    assert.equal(exitCode, 2, said);
    assert.match(
      report?.reasons.join('\n') ?? '',
      /reading back: WORKLOAD_FAILED the workload failed \(shop\.mts:3:1\): Error: not read/,
    );
  });

  it('writes a report when a phase fails, and never PASSED', async () => {
    lab.chaos.failRevert = true;
    // Unreachable, which must not fail the phase.
    lab.prometheusUrl = 'http://127.0.0.1:1';
    const { exitCode, history, report, said } = await runOver(lab, planOf(1, []));
    assert.notEqual(exitCode, 0, said);
    assert.notEqual(report?.result, 'PASSED');
    assert.deepEqual(phasesOf(history).slice(-2), ['read-back', 'close']);
    assert.match(JSON.stringify(history.at(-1)), /cannot revert/);
    assert.ok(history.some((event) => event.type === 'source_lost' && event.source === 'prometheus'));
    assert.doesNotMatch(JSON.stringify(history.at(-1)), /127\.0\.0\.1:1\b/);
  });
});
