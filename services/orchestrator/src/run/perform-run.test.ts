import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plannedSystem, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FakePrometheus } from '../testing/fake-prometheus.ts';
import { kill, phasesOf, planOf, polled, runOver } from '../testing/fake-run.ts';
import { FakeServices } from '../testing/fake-services.ts';

describe('a run', function () {
  this.timeout(120_000);
  let lab: FakeServices;
  beforeEach(async () => {
    lab = await FakeServices.start();
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  it('passes all phases, recovers by policy and by supervisor, and leaves evidence and reports', async () => {
    const plan = planOf(4, [kill('f0001', 'crash', 0.5), kill('f0002', 'outage', 2)]);
    const restarted = { metric: { alertname: 'ServerRestarted' }, seconds: [] as number[] };
    await using prometheus = await FakePrometheus.start([restarted]);
    lab.prometheusUrl = prometheus.url;
    const { exitCode, said, history, report } = await runOver(lab, plan, async (text) => {
      await waitUntil('the crash', () => text().includes('f0001 crash'), { timeoutMs: 10_000 });
      restarted.seconds.push(Date.now() / 1_000);
    });
    assert.deepEqual(
      phasesOf(history),
      ['preflight', 'startup', 'ramp', 'steady', 'cooldown', 'read-back', 'close'],
      said,
    );
    const starts = history.flatMap((event) =>
      event.type === 'target_started' ? [`${event.actor} ${event.reason}`] : [],
    );
    assert.equal(starts.length, 3, starts.join(', '));
    assert.match(starts[0] ?? '', /^restart-policy/);
    assert.match(starts[1] ?? '', /^supervisor exited/);
    assert.equal(starts[2], 'supervisor read-back');
    assert.equal(history.filter(({ type }) => type === 'supervisor_acted').length, 1);
    const [first] = history;
    assert.ok(first?.type === 'run_started' && first.planHash === plan.hash);
    assert.deepEqual(history.at(-1)?.type, 'run_ended');
    assert.ok(report);
    assert.deepEqual(
      report.faults.map(({ recovered_by }) => recovered_by),
      ['restart-policy', 'supervisor'],
      said,
    );
    assert.deepEqual(
      report.faults.flatMap(({ monitoring }) => (monitoring?.state === 'seen' ? monitoring.alert : [])),
      ['ServerRestarted'],
    );
    assert.ok(said.includes(report.result) && said.includes('production_test_'), said);
    assert.ok(said.includes(`Dashboard: http://localhost:3000/d/encore-run?from=${Math.floor(first.at)}&to=now`), said);
    assert.equal(report.integrity.lost, 0);
    assert.ok([0, 1, 2].includes(exitCode));
    assert.equal(exitCode, { PASSED: 0, FAILED: 1, INCONCLUSIVE: 2, INTERRUPTED: 130 }[report.result]);
    assert.equal(lab.chaos.holder, null, 'the lease was given back');
    const files = readdirSync(
      join(lab.resultsDir, readdirSync(lab.resultsDir).find((name) => !name.includes('.')) ?? ''),
    );
    for (const name of ['history.ndjson', 'ledger.ndjson', 'plan.json', 'config.json'])
      assert.ok(files.includes(name), `${name} in ${files.join(' ')}`);
  });

  it('measures the capacity first, samples objects in fault-free windows, and counts a lost one once', async () => {
    lab.loadgen.hasLostScore = true;
    const plan = planOf(90, [kill('f0001', 'crash', 0.5)]);
    const { said, history, report } = await runOver(lab, plan, async (_said, _stop, endSteady) => {
      await waitUntil('a sample', () => lab.loadgen.asked.includes('POST /read-back'), { timeoutMs: 60_000 });
      await polled(lab.loadgen);
      endSteady();
    });
    const order = history.flatMap((event) => (event.type === 'phase_entered' ? event.phase : event.type));
    const measured = order.indexOf('capacity_measured');
    assert.ok(order.indexOf('startup') < measured && measured < order.indexOf('ramp'), said);
    const readBacks = history.flatMap((event) => (event.type === 'read_back_done' ? event.final : []));
    assert.deepEqual(readBacks, [false, true]);
    const sampled = order.indexOf('read_back_done');
    assert.ok(order.indexOf('answered_again') < sampled && sampled < order.indexOf('cooldown'), order.join(' '));
    assert.ok(report);
    assert.deepEqual([report.capacity?.requests_per_second, report.capacity?.tool], [900, 'autocannon 0.0.0']);
    assert.deepEqual([report.integrity.lost, report.integrity.samples, report.integrity.sampled], [1, 1, 1]);
    assert.equal(report.result, 'FAILED');
  });

  it("records the server's memory after each full garbage collection once", async () => {
    lab.server.detail = { collections: { count: 3, bytes_after: 30_000_000 } };
    const { history } = await runOver(lab, planOf(5, []));
    const recorded = history.flatMap((event) => (event.type === 'garbage_collected' ? [event.bytes] : []));
    assert.deepEqual(recorded, [30_000_000]);
  });

  it("saves the services' logs next to the report, and names those it could not save", async () => {
    lab.chaos.logNames = ['broken', 'server'];
    const { said } = await runOver(lab, planOf(1, []));
    const results = readdirSync(lab.resultsDir).find((name) => !name.includes('.')) ?? '';
    const logs = join(lab.resultsDir, results, 'logs');
    assert.deepEqual(readdirSync(logs), ['server.log']);
    assert.equal(readFileSync(join(logs, 'server.log'), 'utf8'), 'log of server\n');
    assert.match(said, /The log of broken could not be saved: .*no engine/);
  });

  it('writes no log outside the folder', async () => {
    lab.chaos.logNames = ['../escaped'];
    const { said } = await runOver(lab, planOf(1, []));
    assert.match(said, /The logs could not be saved/);
    assert.ok(!readdirSync(lab.resultsDir).includes('escaped.log'));
  });

  it('continues without a capacity measurement, and reports that', async () => {
    lab.loadgen.capacityTest = 'fails';
    const { history, report } = await runOver(lab, planOf(1, []));
    assert.ok(phasesOf(history).includes('steady'));
    assert.match(report?.warnings.join('\n') ?? '', /the capacity of the system could not be measured/);
    assert.equal(report?.capacity, null);
  });

  it('refuses to start without a service or the lease, and leaves nothing behind', async () => {
    lab.chaos.holder = 'r-other';
    const held = await runOver(lab, planOf(1, []));
    assert.equal(held.exitCode, 3);
    assert.match(held.said, /Refused to start:\n {2}.*r-other/);
    lab.chaos.holder = null;
    await lab.chaos.stop();
    const missing = await runOver(lab, planOf(1, []));
    assert.equal(missing.exitCode, 3);
    assert.match(missing.said, /Refused to start:\n {2}FAIL +chaos: timed out/);
    assert.doesNotMatch(held.said + missing.said, /PREFLIGHT|RUN_HELD/);
    assert.equal(missing.report, null);
    assert.ok(!lab.loadgen.asked.includes('POST /run'));
  });

  it('sends the plan to a restarted scheduler again', async () => {
    await runOver(lab, planOf(60, [kill('f0001', 'crash', 50)]), async (text, _stop, endSteady) => {
      const scheduled = (count: number) =>
        waitUntil('a schedule', () => text().includes('phase steady') && lab.chaos.schedules.length === count, {
          timeoutMs: 15_000,
        });
      await scheduled(1);
      await polled(lab.chaos);
      await lab.chaos.restart();
      await scheduled(2);
      endSteady();
    });
    assert.equal(lab.chaos.schedules.length, 2);
    assert.equal(lab.chaos.schedules[0]?.steadyStartsAt, lab.chaos.schedules[1]?.steadyStartsAt);
  });

  it('observes every replica, and restarts each before the read-back', async () => {
    lab.replicas = 2;
    lab.chaos.system = plannedSystem(lab.system);
    const { history, report, said } = await runOver(lab, planOf(2, [], lab.chaos.system));
    assert.ok(report, said);
    const observed = history.flatMap((event) => (event.type === 'server_observed' ? [event.target] : []));
    assert.deepEqual([...new Set(observed)].sort(), ['server#1', 'server#2']);
    const started = history.flatMap((event) => (event.type === 'target_started' ? [event.target] : []));
    assert.deepEqual(started, ['server#1', 'server#2']);
    assert.ok(!report.not_tested.join().includes('replica'), report.not_tested.join('\n'));
  });

  it('waits for a restarting chaos service before it reverts and verifies', async () => {
    const { history, report } = await runOver(lab, planOf(3, []), async (text) => {
      await waitUntil('steady', () => text().includes('phase steady'), { timeoutMs: 10_000 });
      await polled(lab.chaos);
      await lab.chaos.stop();
      await waitUntil('the cooldown', () => text().includes('phase cooldown'), { timeoutMs: 10_000 });
      await lab.chaos.start();
    });
    const end = history.at(-1);
    assert.ok(end?.type === 'run_ended' && end.status === 'completed', JSON.stringify(end));
    assert.ok(report?.hygiene && lab.chaos.asked.includes('POST /revert'));
  });

  it('records a refusal because of a lease once, and acts when the lease ends', async () => {
    lab.chaos.startForbidden = true;
    const plan = planOf(60, [kill('f0001', 'outage', 0.2)]);
    const { history } = await runOver(lab, plan, async (text, _stop, endSteady) => {
      await waitUntil('the refusal', () => text().includes('START_FORBIDDEN') || text().includes('refused'), {
        timeoutMs: 8_000,
      });
      const asks = () => lab.chaos.asked.filter((request) => request.endsWith('/start')).length;
      await waitUntil('more asking', () => asks() >= 2, { timeoutMs: 15_000 });
      lab.chaos.startForbidden = false;
      await waitUntil('the start', () => lab.server.status === 'running', { timeoutMs: 15_000 });
      await polled(lab.chaos);
      endSteady();
    });
    const acts = history.flatMap((event) => (event.type === 'supervisor_acted' ? [event.result] : []));
    assert.deepEqual(acts, ['refused', 'done']);
  });
});
