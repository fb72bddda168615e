import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FakeLab } from '../testing/fake-lab.ts';
import { phasesOf, planOf, polled, runOver } from '../testing/fake-run.ts';
import type { StopLimits } from './stop-rules.ts';

describe('a run that ends early', function () {
  this.timeout(60_000);
  let lab: FakeLab;
  beforeEach(async () => {
    lab = await FakeLab.start();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  it('ends what a killed orchestrator left behind, before it begins, and keeps its events out of the history', async () => {
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

  it('asked to stop, undoes everything and leaves a partial report: INTERRUPTED, 130', async () => {
    const { exitCode, said, history, report } = await runOver(lab, planOf(60, []), async (text, stop) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 15_000 });
      stop('stopped by SIGINT');
    });
    assert.equal(exitCode, 130, said);
    assert.equal(report?.result, 'INTERRUPTED');
    assert.deepEqual(phasesOf(history), ['preflight', 'startup', 'ramp', 'steady', 'heal', 'report']);
    assert.ok(lab.chaos.asked.includes('DELETE /schedule') && lab.chaos.asked.includes('POST /heal'));
    assert.ok(lab.loadgen.asked.includes('POST /stop'));
  });

  it('does not begin while the server is not ready, and names the state of its container and the end of its log', async () => {
    lab.server.ready = false;
    lab.server.status = 'paused';
    lab.chaos.logs = { server: `${['a', 'b', 'c', 'd', 'e', 'f'].map((line) => `line ${line}`).join('\n')}\n\n` };
    const { exitCode, said } = await runOver(lab, planOf(1, []));
    assert.equal(exitCode, 3);
    assert.match(
      said,
      /FAIL {2}server and database: .*\. Containers: server is paused\n +\| line b\n(?: +\| line [cde]\n){3} +\| line f\n +→ .*`encore heal` undoes/,
    );
    assert.ok(!said.includes('line a'), said);
  });

  it('obeys a stop file, and starts nothing while it is there', async () => {
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
      `Refused to start:\n  stop file: ${file} is there; somebody stopped the runs with it; delete it to allow them\n`,
    );
  });

  const stopRules: [string, RegExp, Partial<StopLimits>, () => void][] = [
    ['the server does not come back', /not been ready/, { brokenMs: 1_000 }, () => (lab.server.ready = false)],
    ['users are told something wrong again and again', /wrong answers/, {}, () => (lab.loadgen.isToldWrong = true)],
    ['the machine is short of memory', /of memory left/, { memoryBytes: Number.POSITIVE_INFINITY }, () => {}],
    ['the disk is short of room', /disk of the results/, { diskBytes: Number.POSITIVE_INFINITY }, () => {}],
  ];
  for (const [what, reason, limits, spoil] of stopRules) {
    it(`ends early when ${what}: everything is undone within 5 s, and there is a report`, async () => {
      let healedAt = 0;
      const { history, report } = await runOver(
        lab,
        planOf(60, []),
        async (text) => {
          await waitUntil('the ramp', () => text().includes('phase ramp'), { timeoutMs: 15_000 });
          spoil();
          await waitUntil('healing', () => lab.chaos.asked.includes('POST /heal'), { timeoutMs: 15_000, everyMs: 20 });
          healedAt = Date.now();
          lab.server.ready = true;
        },
        limits,
      );
      const ended = history.at(-1);
      assert.ok(ended?.type === 'run_ended' && ended.how === 'aborted' && reason.test(ended.reason ?? ''));
      const heal = history.find((event) => event.type === 'phase_entered' && event.phase === 'heal');
      assert.ok(healedAt - (heal?.at ?? 0) < 5_000, `${healedAt - (heal?.at ?? 0)} ms`);
      assert.ok(lab.chaos.asked.includes('DELETE /schedule'));
      assert.ok(report !== null && report.result !== 'PASSED', report?.result);
    });
  }

  for (const phase of ['ramp', 'steady'] as const) {
    it(`ends early when the load is lost in ${phase}: what was promised is read back, and the gap is told`, async () => {
      const { exitCode, history, report, said } = await runOver(lab, planOf(60, []), async (text) => {
        await waitUntil(phase, () => text().includes(`phase ${phase}`), { timeoutMs: 15_000 });
        await polled(lab.loadgen);
        await lab.loadgen.reboot();
      });
      assert.equal(exitCode, 2, said);
      const lost = history.find((event) => event.type === 'source_lost' && event.source === 'loadgen');
      const ended = history.at(-1);
      assert.ok(ended?.type === 'run_ended' && ended.how === 'aborted');
      assert.equal(report?.result, 'INCONCLUSIVE');
      assert.match(report.reasons.join('\n'), /the run was aborted: the load generator was restarted/);
      const [gap] = report.gaps;
      assert.ok(gap && lost, said);
      assert.match(gap.reason, /the load generator was restarted/);
      assert.equal(Date.parse(gap.to), Math.trunc(lost.at));
      assert.ok(Date.parse(gap.from) <= lost.at && Date.parse(gap.from) > lost.at - 2_000, `${gap.from} to ${gap.to}`);
      assert.equal(report.integrity.read_back, report.integrity.acknowledged);
    });
  }

  it('says so when the load generator is started anew in the midst of the read-back', async () => {
    lab.loadgen.readBackHangs = true;
    const { exitCode, report, said } = await runOver(lab, planOf(1, []), async () => {
      await waitUntil('the read-back', () => lab.loadgen.isReadingBack, { timeoutMs: 10_000 });
      await lab.loadgen.reboot();
    });
    assert.equal(exitCode, 2, said);
    assert.match(report?.reasons.join('\n') ?? '', /reading back: .*the load generator was started anew/);
    assert.match(report?.reasons.join('\n') ?? '', /there was no final read-back/);
  });

  it('makes a report also when a phase breaks, and never calls that PASSED', async () => {
    lab.chaos.failHeal = true;
    // Nobody there, which is a pity and breaks nothing.
    lab.prometheusUrl = 'http://127.0.0.1:1';
    const { exitCode, history, report, said } = await runOver(lab, planOf(1, []));
    assert.notEqual(exitCode, 0, said);
    assert.notEqual(report?.result, 'PASSED');
    assert.deepEqual(phasesOf(history).slice(-2), ['verify', 'report']);
    assert.match(JSON.stringify(history.at(-1)), /cannot heal/);
    assert.ok(history.some((event) => event.type === 'source_lost' && event.source === 'prometheus'));
    assert.doesNotMatch(JSON.stringify(history.at(-1)), /127\.0\.0\.1:1\b/);
  });
});
