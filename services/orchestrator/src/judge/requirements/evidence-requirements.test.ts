import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { crash, defaultFaults, judged, judgeStreams, latency, not, outage, refused } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import type { Simulation } from '../../testing/simulation.ts';

describe('judge: missing evidence', () => {
  it('starts a gap at the start of the run at the earliest', async () => {
    const at = new SimulatedRun().at(30);
    const { report } = await judged({
      extra: [{ type: 'gap', at, fromAt: 0, toAt: at, reason: 'two load generators' }],
    });
    assert.deepEqual(
      report.gaps.map(({ from, to }) => [from, to]),
      [[report.started_at, new Date(at).toISOString()]],
    );
  });

  it('starts a loss of the engine and a failure of the injector at the start of the run at the earliest', async () => {
    const at = new SimulatedRun().at(30);
    const span = { at, fromAt: 0, toAt: at, reason: 'the engine was gone' };
    const { report } = await judged({ extra: [{ type: 'engine_lost', ...span, ongoing: false }] });
    assert.deepEqual(
      report.gaps.map(({ from, to }) => [from, to]),
      [[report.started_at, new Date(at).toISOString()]],
    );
    const seconds = ((at - Date.parse(report.started_at)) / 1_000).toFixed(1);
    const failed = await judged({ extra: [{ type: 'injector_failed', ...span }] });
    assert.equal(failed.report.started_at, report.started_at);
    for (const { warnings } of [report, failed.report])
      assert.match(warnings.join('\n'), new RegExp(`the injector itself failed for ${seconds} s from`));
    const earlier = { ...span, toAt: Date.parse(report.started_at) - 1 };
    const before = await judged({ extra: [{ type: 'engine_lost', ...earlier, ongoing: false }] });
    assert.deepEqual([before.report.gaps, before.report.result], [[], 'PASSED']);
  });

  it("reports the server's capacity without changing any other figure", async () => {
    const at = new SimulatedRun().at(-9);
    const latencyMs = { p50: 5, p90: 8, p99: 12, max: 20 };
    const counts = { seconds: 3.04, connections: 20, requestsPerSecond: 812.345, answered: 2_469, refused: 7, lost: 1 };
    const measured: EncoreEvent = { type: 'capacity_measured', at, tool: 'autocannon 9.0.0', ...counts, latencyMs };
    const { report } = await judged({ extra: [measured] });
    const { report: without } = await judged();
    assert.deepEqual(report.capacity, {
      tool: 'autocannon 9.0.0',
      connections: 20,
      duration_seconds: 3.04,
      requests_per_second: 812.35,
      answered: 2_469,
      refused: 7,
      lost: 1,
      latency_ms: latencyMs,
    });
    assert.equal(without.capacity, null);
    assert.ok(without.not_tested.includes('the capacity of the system without faults and users'));
    const { capacity: _, not_tested: __, ...rest } = report;
    const { capacity: ___, not_tested: ____, ...others } = without;
    assert.deepEqual(rest, others);
  });

  it('warns of a capacity that could not be measured, and passes', async () => {
    const at = new SimulatedRun().at(-9);
    const failed: EncoreEvent = { type: 'capacity_not_measured', at, reason: 'no response' };
    const { report } = await judged({ extra: [failed] });
    assert.equal(report.result, 'PASSED');
    assert.deepEqual(report.warnings, ['the capacity of the system could not be measured: no response']);
  });

  const inconclusive: [string, RegExp, Partial<Simulation>, ((event: EncoreEvent) => boolean)?][] = [
    [
      'a kill had no effect',
      /1 kill had no confirmed effect: f0001/,
      { faults: [{ ...crash, effect: 'absent' }, outage, refused, latency] },
    ],
    [
      'a planned kind never had an effect',
      /no fault of the planned kind latency had a confirmed effect/,
      { faults: [...defaultFaults.slice(0, 3), { ...latency, effect: 'refused' }] },
    ],
    [
      'too few faults had an effect',
      /only 3 of 4 faults had a confirmed effect/,
      { faults: [...defaultFaults.slice(0, 3), { ...refused, id: 'f0009', atSeconds: 150, effect: 'absent' }] },
    ],
    [
      'the injector failed for too long',
      /the injector failed for 4\.0 s/,
      {
        extra: [
          {
            type: 'injector_failed',
            at: new SimulatedRun().at(64),
            reason: 'frozen',
            fromAt: new SimulatedRun().at(60),
            toAt: new SimulatedRun().at(64),
          },
        ],
      },
    ],
    ['time was not observed', /only 17\d of 180 s were observed/, { unseen: { from: 50, to: 56 } }],
    [
      'there is a gap in the observation',
      /only 170 of 180 s were observed/,
      {
        extra: [
          {
            type: 'gap',
            at: new SimulatedRun().at(30),
            fromAt: new SimulatedRun().at(20),
            toAt: new SimulatedRun().at(30),
            reason: 'the host slept',
          },
        ],
      },
    ],
    [
      'the load generator was late',
      /the load generator started \d+\.\d\d % of its operations late/,
      { lateStarts: 20 },
    ],
    [
      'the load generator did not send all of its probes',
      /could not start 1\.\d\d % of its probes/,
      {
        extra: [
          {
            type: 'probe_second',
            at: new SimulatedRun().at(31),
            probes: Array.from({ length: 30 }, () => {
              const dueAt = new SimulatedRun().at(30.5);
              return { dueAt, endedAt: dueAt + 1_500, outcome: 'not_started' as const };
            }),
          },
        ],
      },
    ],
    ["the load generator's event loop was late", /event-loop delay was 250 ms at p99/, { eventLoopDelayP99Ms: 250 }],
    [
      "the workload's thread was late",
      /event-loop delay of the workload's thread was 250 ms at p99/,
      { workloadDelayP99Ms: 250 },
    ],
    ['the load generator had no CPU left', /the load generator used 95\.00 % of one CPU/, { cpuShare: 0.95 }],
    ['a rule has no data', /not enough data for the rules .*leaks/, {}, not('hygiene_checked')],
    ['there was no read-back', /there was no final read-back/, {}, not('read_back_done')],
    ['the end is missing', /does not record how the run ended/, {}, not('run_ended')],
    [
      'a revert was not verified',
      /1 fault without a verified revert: f0003/,
      { faults: [crash, outage, { ...refused, revertVerified: false }, latency] },
    ],
    [
      'the workload failed',
      /the workload failed in operation add \(shop\.mts:7:3\): Error: no \(3 times\)/,
      {
        extra: [
          {
            type: 'workload_failed',
            at: new SimulatedRun().at(30),
            fromAt: new SimulatedRun().at(29),
            toAt: new SimulatedRun().at(30),
            where: 'operation add',
            problem: 'Error: no',
            location: 'shop.mts:7:3',
            repeated: 2,
          },
        ],
      },
    ],
    ['the load generator reported no health', /never reported its own health/, {}, not('generator_checked')],
    [
      'a kill has no die event',
      /no recovery time for f0001 .*die event was not observed/,
      {},
      (event) => !(event.type === 'engine_event' && event.action === 'die'),
    ],
  ];
  for (const [name, reason, settings, keep] of inconclusive) {
    it(`is inconclusive when ${name}`, async () => {
      const { report } = await judged(settings, keep === undefined ? {} : { event: keep });
      assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
      assert.match(report.reasons.join('\n'), reason);
    });
  }

  it('lists unsupported faults as not tested, and warns that they were skipped', async () => {
    const cap = plannedFault(5, { kind: 'memory-cap', target: 'server', atSeconds: 150, effect: 'unsupported' });
    const { report } = await judged({ faults: [...defaultFaults, cap] });
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.ok(report.not_tested.includes('memory-cap: not supported by this engine (no writable cgroup)'));
    const warned = report.warnings.filter((text) => text.includes('skipped'));
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', new RegExp(`^1 of ${defaultFaults.length + 1} planned faults skipped: .*memory-cap`));
  });

  it('lists Grafana as not tested, and a memory cap under cgroup v2 unless one had an effect', async () => {
    const cap = plannedFault(5, { kind: 'memory-cap', target: 'server', atSeconds: 150 });
    const groups = async (version: string) => {
      const { report } = await judged(
        { faults: [...defaultFaults, cap] },
        {
          event: (event) => {
            if (event.type === 'run_started') event.environment['cgroupVersion'] = version;
            return true;
          },
        },
      );
      return report.not_tested.filter((text) => /Grafana|cgroup v2/.test(text)).map((text) => text.split(':')[0]);
    };
    assert.deepEqual(await groups('1'), ['memory-cap under cgroup v2', 'Grafana']);
    assert.deepEqual(await groups('2'), ['Grafana']);
  });

  it('does not pass a run with a problem in its history or plan', async () => {
    const run = new SimulatedRun({ faults: defaultFaults });
    const { report } = await judgeStreams({
      history: run.history(),
      plan: run.plan,
      ledger: run.ledger(),
      problems: ['line 7: wrong CRC'],
    });
    assert.equal(report.result, 'INCONCLUSIVE');
    const other = await judgeStreams({
      history: run.history(),
      plan: { ...run.plan, hash: 'f'.repeat(64) },
      ledger: run.ledger(),
    });
    assert.equal(other.report.result, 'INCONCLUSIVE');
    assert.match(other.report.reasons.join(), /the run announced plan/);
  });
});
