import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EncoreEvent,
  historyLineSchema,
  type Plan,
  type PlannedFault,
  type Report,
  reportSchema,
} from '@encore/contracts';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { planHash } from '@encore/plan';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { supervisorLimits } from '../supervisor/supervise.ts';
import { FakeLab } from '../testing/fake-lab.ts';
import { FakePrometheus } from '../testing/fake-prometheus.ts';
import type { FakeService } from '../testing/fake-service.ts';
import { performRun } from './perform-run.ts';
import type { StopLimits } from './stop-rules.ts';

const rampSeconds = 0.5;

function planOf(steadySeconds: number, faults: PlannedFault[]): Plan {
  const unhashed = { version: 1 as const, seed: 1, rampSeconds, steadySeconds, faults, bestSuccessRate: 1 };
  return { ...unhashed, hash: planHash(unhashed) };
}
const kill = (id: string, kind: 'crash' | 'outage', atSeconds: number): PlannedFault => ({
  id,
  kind,
  target: 'server',
  atSeconds,
  durationSeconds: 0,
  params: {},
});

interface Outcome {
  exitCode: number;
  said: string;
  history: EncoreEvent[];
  report: Report | null;
}

/** Its first page of events was seen; before that, a new boot would be the first one. */
async function polled({ asked }: FakeService): Promise<void> {
  const polls = () => asked.filter((request) => request === 'GET /events').length;
  const before = polls();
  await waitUntil('a poll', () => polls() > before + 1, { timeoutMs: 5_000 });
}

describe('a run', function () {
  this.timeout(20_000);
  let lab: FakeLab;
  beforeEach(async () => {
    lab = await FakeLab.start();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  async function run(
    plan: Plan,
    during?: (said: () => string, stop: (reason: string) => void) => Promise<void>,
    stopLimits: Partial<StopLimits> = {},
  ): Promise<Outcome> {
    let said = '';
    const stop = new AbortController();
    const hours = (plan.rampSeconds + plan.steadySeconds) / 3_600;
    const running = performRun({
      config: { ...profiles.smoke, profile: 'smoke', seed: 1, users: 1, hours, rampSeconds },
      plan,
      wiring: lab.wiring,
      clock: systemClock,
      logger: createLogger('test', 'silent'),
      output: { write: (text) => (said += text) },
      terminal: null,
      interrupt: () => undefined,
      stop: stop.signal,
      limits: {
        preflight: { readyMs: 500, leaseMs: 300, idleMs: 50 },
        supervisor: { ...supervisorLimits, exitedMs: 300, silentMs: 1_000 },
        stop: stopLimits,
      },
    });
    await during?.(
      () => said,
      (reason) => stop.abort(new Error(reason)),
    );
    const exitCode = await running;
    return { exitCode, said, ...results() };
  }

  function results(): Pick<Outcome, 'history' | 'report'> {
    const names = readdirSync(lab.resultsDir);
    const json = names.find((name) => name.endsWith('.json'));
    if (json === undefined) return { history: [], report: null };
    const text = readFileSync(join(lab.resultsDir, json.replace('.json', ''), 'history.ndjson'), 'utf8');
    const history = text
      .trim()
      .split('\n')
      .map((line) => historyLineSchema.parse(JSON.parse(line)).event);
    return { history, report: reportSchema.parse(JSON.parse(readFileSync(join(lab.resultsDir, json), 'utf8'))) };
  }
  const phasesOf = (history: EncoreEvent[]): string[] =>
    history.flatMap((event) => (event.type === 'phase_entered' ? [event.phase] : []));

  it('goes through all phases; the policy heals a crash, the supervisor an outage; evidence and reports are left', async () => {
    const plan = planOf(4, [kill('f0001', 'crash', 0.5), kill('f0002', 'outage', 2)]);
    const restarted = { metric: { alertname: 'ServerRestarted' }, seconds: [] as number[] };
    await using prometheus = await FakePrometheus.start([restarted]);
    lab.prometheusUrl = prometheus.url;
    const { exitCode, said, history, report } = await run(plan, async (text) => {
      await waitUntil('the crash', () => text().includes('f0001 crash'), { timeoutMs: 10_000 });
      restarted.seconds.push(Date.now() / 1_000);
    });
    assert.deepEqual(phasesOf(history), ['preflight', 'startup', 'ramp', 'steady', 'heal', 'verify', 'report'], said);
    const starts = history.flatMap((event) =>
      event.type === 'target_started' ? [`${event.actor} ${event.reason}`] : [],
    );
    assert.equal(starts.length, 3, starts.join(', '));
    assert.match(starts[0] ?? '', /^policy/);
    assert.match(starts[1] ?? '', /^supervisor exited/);
    assert.equal(starts[2], 'supervisor verify');
    assert.equal(history.filter(({ type }) => type === 'supervisor_acted').length, 1);
    const [first] = history;
    assert.ok(first?.type === 'run_started' && first.planHash === plan.hash);
    assert.deepEqual(history.at(-1)?.type, 'run_ended');
    assert.ok(report);
    assert.deepEqual(
      report.faults.map(({ healed_by }) => healed_by),
      ['policy', 'supervisor'],
      said,
    );
    assert.deepEqual(
      report.faults.flatMap(({ monitoring }) => (monitoring?.state === 'seen' ? monitoring.alert : [])),
      ['ServerRestarted'],
    );
    assert.ok(said.includes(report.result) && said.includes('production_test_'), said);
    assert.equal(report.integrity.lost, 0);
    assert.ok([0, 1, 2].includes(exitCode));
    assert.equal(exitCode, { PASSED: 0, FAILED: 1, INCONCLUSIVE: 2, INTERRUPTED: 130 }[report.result]);
    assert.equal(lab.guard.holder, null, 'the lease was given back');
    const files = readdirSync(
      join(lab.resultsDir, readdirSync(lab.resultsDir).find((name) => !name.includes('.')) ?? ''),
    );
    for (const name of ['history.ndjson', 'ledger.ndjson', 'plan.json', 'config.json'])
      assert.ok(files.includes(name), `${name} in ${files.join(' ')}`);
  });

  it('measures the capacity before the users come, samples scores in calm, and counts a lost one once', async () => {
    lab.loadgen.hasLostScore = true;
    const { said, history, report } = await run(planOf(5, [kill('f0001', 'crash', 0.5)]));
    const order = history.flatMap((event) => (event.type === 'phase_entered' ? event.phase : event.type));
    const measured = order.indexOf('capacity_measured');
    assert.ok(order.indexOf('startup') < measured && measured < order.indexOf('ramp'), said);
    const readBacks = history.flatMap((event) => (event.type === 'read_back_done' ? event.final : []));
    assert.deepEqual(readBacks, [false, true]);
    const sampled = order.indexOf('read_back_done');
    assert.ok(order.indexOf('answered_again') < sampled && sampled < order.indexOf('heal'), order.join(' '));
    assert.ok(report);
    assert.deepEqual([report.capacity?.requests_per_second, report.capacity?.tool], [900, 'autocannon 0.0.0']);
    assert.deepEqual([report.integrity.lost, report.integrity.samples, report.integrity.sampled], [1, 1, 1]);
    assert.equal(report.result, 'FAILED');
  });

  it('goes on without a capacity, and says so', async () => {
    lab.loadgen.baseline = 'fails';
    const { history, report } = await run(planOf(1, []));
    assert.ok(phasesOf(history).includes('steady'));
    assert.match(report?.warnings.join('\n') ?? '', /without faults and users could not be measured/);
    assert.equal(report?.capacity, null);
  });

  it('ends what a killed orchestrator left behind, before it begins, and keeps its events out of the history', async () => {
    lab.chaos.onStop = () => {
      lab.chaos.events.add({ type: 'fault_due', at: systemClock.now(), faultId: 'f0009', plannedAt: 1 });
      lab.chaos.onStop = () => {};
    };
    const { history, said } = await run(planOf(1, []));
    const posts = lab.chaos.asked.filter((asked) => asked.startsWith('POST'));
    assert.deepEqual(posts.slice(0, 2), ['POST /stop', 'POST /run'], said);
    assert.deepEqual(
      history.filter(({ type }) => type === 'fault_due'),
      [],
    );
  });

  it('asked to stop, undoes everything and leaves a partial report: INTERRUPTED, 130', async () => {
    const { exitCode, said, history, report } = await run(planOf(60, []), async (text, stop) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 5_000 });
      stop('stopped by SIGINT');
    });
    assert.equal(exitCode, 130, said);
    assert.equal(report?.result, 'INTERRUPTED');
    assert.deepEqual(phasesOf(history), ['preflight', 'startup', 'ramp', 'steady', 'heal', 'report']);
    assert.ok(lab.chaos.asked.includes('POST /stop') && lab.guard.asked.includes('POST /heal'));
    assert.ok(lab.loadgen.asked.includes('POST /stop'));
  });

  it('refuses to start, with the reason and nothing left behind, when a part is missing or another run holds the lease', async () => {
    lab.guard.holder = 'r-other';
    const held = await run(planOf(1, []));
    assert.equal(held.exitCode, 3);
    assert.match(held.said, /r-other/);
    lab.guard.holder = null;
    await lab.chaos.stop();
    const missing = await run(planOf(1, []));
    assert.equal(missing.exitCode, 3);
    assert.match(missing.said, /chaos.*waited/);
    assert.equal(missing.report, null);
    assert.ok(!lab.loadgen.asked.includes('POST /run'));
  });

  it('obeys a stop file, and starts nothing while it is there', async () => {
    const file = join(lab.resultsDir, 'STOP');
    const { exitCode, said } = await run(planOf(60, []), async (text) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 5_000 });
      writeFileSync(file, '');
    });
    assert.equal(exitCode, 130, said);
    const again = await run(planOf(1, []));
    assert.equal(again.exitCode, 3);
    assert.match(again.said, /STOP is there.*\n.*delete it/);
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
      const { history, report } = await run(
        planOf(60, []),
        async (text) => {
          await waitUntil('the ramp', () => text().includes('phase ramp'), { timeoutMs: 5_000 });
          spoil();
          await waitUntil('healing', () => lab.guard.asked.includes('POST /heal'), { timeoutMs: 15_000, everyMs: 20 });
          healedAt = Date.now();
          lab.server.ready = true;
        },
        limits,
      );
      const ended = history.at(-1);
      assert.ok(ended?.type === 'run_ended' && ended.how === 'aborted' && reason.test(ended.reason ?? ''));
      const heal = history.find((event) => event.type === 'phase_entered' && event.phase === 'heal');
      assert.ok(healedAt - (heal?.at ?? 0) < 5_000, `${healedAt - (heal?.at ?? 0)} ms`);
      assert.ok(lab.chaos.asked.includes('POST /stop'));
      assert.ok(report !== null && report.result !== 'PASSED', report?.result);
    });
  }

  it('hands the plan to the scheduler again when that was started anew', async () => {
    await run(planOf(6, [kill('f0001', 'crash', 5)]), async (text) => {
      await waitUntil('steady', () => text().includes('phase steady') && lab.chaos.runs.length === 1, {
        timeoutMs: 5_000,
      });
      await polled(lab.chaos);
      await lab.chaos.reboot();
    });
    assert.equal(lab.chaos.runs.length, 2);
    assert.equal(lab.chaos.runs[0]?.steadyStartsAt, lab.chaos.runs[1]?.steadyStartsAt);
  });

  for (const phase of ['ramp', 'steady'] as const) {
    it(`ends early when the load is lost in ${phase}: what was promised is read back, and the gap is told`, async () => {
      const { exitCode, history, report, said } = await run(planOf(60, []), async (text) => {
        await waitUntil(phase, () => text().includes(`phase ${phase}`), { timeoutMs: 5_000 });
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
    const { exitCode, report, said } = await run(planOf(1, []), async () => {
      await waitUntil('the read-back', () => lab.loadgen.isReadingBack, { timeoutMs: 10_000 });
      await lab.loadgen.reboot();
    });
    assert.equal(exitCode, 2, said);
    assert.match(report?.reasons.join('\n') ?? '', /reading back: .*the load generator was started anew/);
    assert.match(report?.reasons.join('\n') ?? '', /there was no final read-back/);
  });

  it('makes a report also when a phase breaks, and never calls that PASSED', async () => {
    lab.guard.failHeal = true;
    // Nobody there, which is a pity and breaks nothing.
    lab.prometheusUrl = 'http://127.0.0.1:1';
    const { exitCode, history, report, said } = await run(planOf(1, []));
    assert.notEqual(exitCode, 0, said);
    assert.notEqual(report?.result, 'PASSED');
    assert.deepEqual(phasesOf(history).slice(-2), ['verify', 'report']);
    assert.match(JSON.stringify(history.at(-1)), /cannot heal/);
    assert.ok(history.some((event) => event.type === 'source_lost' && event.source === 'prometheus'));
    assert.doesNotMatch(JSON.stringify(history.at(-1)), /127\.0\.0\.1:1\b/);
  });

  it('tells a refusal by a lease once, and helps when the lease is over', async () => {
    lab.guard.startForbidden = true;
    const { history } = await run(planOf(4.5, [kill('f0001', 'outage', 0.2)]), async (text) => {
      await waitUntil('the refusal', () => text().includes('FORBIDDEN_BY_LEASE') || text().includes('refused'), {
        timeoutMs: 8_000,
      });
      const asks = () => lab.guard.asked.filter((request) => request.endsWith('/start')).length;
      await waitUntil('more asking', () => asks() >= 2, { timeoutMs: 5_000 });
      lab.guard.startForbidden = false;
    });
    const acts = history.flatMap((event) => (event.type === 'supervisor_acted' ? [event.result] : []));
    assert.deepEqual(acts, ['refused', 'done']);
  });
});
