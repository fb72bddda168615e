import assert from 'node:assert/strict';
import type { EncoreEvent, LedgerEntry } from '@encore/contracts';
import { describe, it } from 'mocha';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import type { Simulation } from '../testing/simulation.ts';
import type { Judgement } from './judge.ts';
import { judge } from './judge.ts';

const crash = plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 40.25, downSeconds: 1.5 });
const outage = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 80.5, downSeconds: 4 });
const refused = plannedFault(3, {
  kind: 'connection-refused',
  target: 'client-link',
  atSeconds: 120,
  durationSeconds: 1,
});
const latency = plannedFault(4, {
  kind: 'latency',
  target: 'client-link',
  atSeconds: 140,
  durationSeconds: 5,
  params: { latencyMs: 400 },
});
const usual = [crash, outage, refused, latency];

async function* filtered<Item>(items: AsyncIterable<Item>, keep: (item: Item) => boolean): AsyncGenerator<Item> {
  for await (const item of items) if (keep(item)) yield item;
}

async function judged(
  settings: Partial<Simulation> = {},
  keep: { event?: (event: EncoreEvent) => boolean; entry?: (entry: LedgerEntry) => boolean } = {},
): Promise<Judgement> {
  const run = new SimulatedRun({ faults: usual, ...settings });
  return judge({
    history: filtered(run.history(), ({ event }) => keep.event?.(event) ?? true),
    plan: run.plan,
    ledger: filtered(run.ledger(), (entry) => keep.entry?.(entry) ?? true),
    historyProblems: [],
  });
}

const not =
  (type: EncoreEvent['type']) =>
  (event: EncoreEvent): boolean =>
    event.type !== type;

describe('judge', () => {
  it('passes a run in which everything came back', async () => {
    const { report, series } = await judged();
    assert.deepEqual([report.result, report.reasons, report.warnings], ['PASSED', [], []]);
    assert.equal(report.recoveries.count, 4);
    assert.equal(report.recoveries.failed, 0);
    assert.equal(report.integrity.acknowledged, 200);
    assert.equal(report.integrity.lost, 0);
    assert.equal(report.attribution.unexplained, 0);
    assert.equal(report.availability.control_windows, 1);
    assert.equal(series.at.length, 183);
  });

  it('times each stage of a crash from the engine to the first right answer', async () => {
    const { report } = await judged();
    const fault = report.faults[0];
    assert.equal(fault?.healed_by, 'policy');
    assert.equal(fault.injected_at, new Date(new SimulatedRun().at(40.25)).toISOString());
    assert.equal(fault.stages.detected, 0.002, 'the first refused attempt');
    assert.equal(fault.stages.restarted, 0.9);
    assert.equal(fault.stages.port, 1.3);
    assert.equal(fault.stages.ready, 1.5);
    // The server answers from 1.8 s on; the probe due at 42.1 s of steady is the first one after that, and takes 8 ms.
    assert.equal(fault.stages.first_success, 1.858);
    assert.equal(fault.recovery_seconds, 1.858);
    assert.ok((fault.stages.baseline ?? 0) >= 1.858);
  });

  it('starts the clock of a held fault at its verified undo', async () => {
    const { report } = await judged();
    const fault = report.faults[2];
    assert.equal(fault?.healed_by, 'undo');
    assert.equal(fault.undone_at, new Date(new SimulatedRun().at(121) - 5).toISOString());
    // Undone at 120.995; the probe due at 121.0 is answered at 121.008.
    assert.equal(fault.recovery_seconds, 0.013);
    assert.ok(fault.attempts_failed > 30, `${fault.attempts_failed} failed attempts`);
  });

  it('knows who healed an outage, and does not believe a policy whose restart count did not rise', async () => {
    const { report } = await judged();
    assert.equal(report.faults[1]?.healed_by, 'supervisor');
    const lying = await judged(
      {},
      {
        event: (event) => !(event.type === 'engine_saw' && event.action === 'start' && event.restartCount !== 0),
      },
    );
    const { report: forged } = await judged({
      extra: [
        {
          type: 'engine_saw',
          at: new SimulatedRun().at(30),
          engineAt: new SimulatedRun().at(30),
          target: 'server',
          action: 'health_status',
          restartCount: 99,
        },
      ],
    });
    assert.equal(lying.report.faults[0]?.healed_by, 'policy', 'without a count the guard is believed');
    assert.equal(forged.faults[0]?.healed_by, null);
    assert.ok(forged.warnings.some((warning) => warning.includes('f0001 (crash, by nobody proven)')));
  });

  it('fails a server that never comes back, and says so', async () => {
    const { report } = await judged({ faults: [crash, { ...outage, downSeconds: Number.POSITIVE_INFINITY }] });
    assert.equal(report.result, 'FAILED');
    assert.equal(report.faults[1]?.healed_by, 'nobody');
    assert.equal(report.recoveries.failed, 1);
    assert.ok(
      report.reasons.some((reason) => /recovery_seconds is without an end.*f0002/.test(reason)),
      report.reasons.join('\n'),
    );
    assert.ok(report.reasons.some((reason) => /success_rate is .* \(the failure zone, under 90 %\)/.test(reason)));
  });

  it('fails one recovery over the limit, though the mean is under it, and warns over three quarters', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 4, thresholds: { success_rate: 'value>=0.9' } };
    const slow = await judged({ config });
    assert.equal(slow.report.result, 'FAILED');
    const near = await judged({ config: { ...config, recoveryTimeoutSeconds: 5 } });
    assert.equal(near.report.result, 'PASSED');
    assert.ok(near.report.warnings.some((warning) => warning.includes('three quarters of the limit of 5 s: f0002')));
  });

  it('fails a lost write, and does not pass one that nobody read back', async () => {
    const lost = await judged({ lost: 1 });
    assert.equal(lost.report.result, 'FAILED');
    assert.ok(lost.report.reasons.includes('lost_writes is 1, the rule is count==0'));
    const skipped = await judged({}, { entry: (entry) => entry.type !== 'read_back' || entry.key !== 'key-17' });
    assert.equal(skipped.report.result, 'INCONCLUSIVE');
    assert.equal(skipped.report.thresholds.find(({ name }) => name === 'lost_writes')?.ok, null);
    assert.ok(
      skipped.report.reasons.some((reason) => reason.includes('1 acknowledged score without a read-back line')),
    );
  });

  const sample = (second: number, lost: number): EncoreEvent => ({
    type: 'read_back_done',
    at: new SimulatedRun().at(second),
    final: false,
    acknowledged: 50,
    readBack: 50,
    lost,
    corrupt: 0,
    duplicate: 0,
    phantom: 0,
    unknownPresent: 0,
    unknownAbsent: 0,
  });

  it('tells of samples beside the final read-back, and never takes them for it', async () => {
    const { report } = await judged({ extra: [sample(20, 0), sample(60, 0)] });
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.deepEqual([report.integrity.samples, report.integrity.sampled], [2, 100]);
    const final = (event: EncoreEvent): boolean => !(event.type === 'read_back_done' && event.final);
    const { report: unread } = await judged({ extra: [sample(20, 0)] }, { event: final });
    assert.equal(unread.result, 'INCONCLUSIVE');
  });

  it('does not pass a sample that counted a loss of which the ledger knows nothing', async () => {
    const { report } = await judged({ extra: [sample(20, 1)] });
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /a read-back counted 1 lost, the ledger shows 0/);
  });

  it('shows what the server can do, and counts it nowhere', async () => {
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
    assert.ok(without.not_tested.includes('how much the server can do without faults and users'));
    const { capacity: _, not_tested: __, ...rest } = report;
    const { capacity: ___, not_tested: ____, ...others } = without;
    assert.deepEqual(rest, others);
  });

  it('warns of a capacity that could not be measured, and judges nothing by it', async () => {
    const at = new SimulatedRun().at(-9);
    const failed: EncoreEvent = { type: 'capacity_not_measured', at, reason: 'nobody answered' };
    const { report } = await judged({ extra: [failed] });
    assert.equal(report.result, 'PASSED');
    assert.deepEqual(report.warnings, [
      'what the server can do without faults and users could not be measured: nobody answered',
    ]);
  });

  it('does not believe an intact verdict whose hash is another', async () => {
    const run = new SimulatedRun({ faults: usual });
    const forged = async function* (): AsyncGenerator<LedgerEntry> {
      for await (const entry of run.ledger()) {
        yield entry.type === 'read_back' && entry.key === 'key-3' ? { ...entry, found: 'ff' } : entry;
      }
    };
    const { report } = await judge({ history: run.history(), plan: run.plan, ledger: forged(), historyProblems: [] });
    assert.equal(report.integrity.corrupt, 1);
    assert.equal(report.result, 'FAILED');
  });

  const inconclusive: [string, RegExp, Partial<Simulation>, ((event: EncoreEvent) => boolean)?][] = [
    [
      'a kill did not bite',
      /1 kill did not bite: f0001/,
      { faults: [{ ...crash, bit: 'no' }, outage, refused, latency] },
    ],
    [
      'a planned kind never bit',
      /no fault of the planned kind latency bit/,
      { faults: [...usual.slice(0, 3), { ...latency, bit: 'refused' }] },
    ],
    [
      'too few faults bit',
      /only 3 of 4 faults bit/,
      { faults: [...usual.slice(0, 3), { ...refused, id: 'f0009', atSeconds: 150, bit: 'no' }] },
    ],
    [
      'the injector failed too long',
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
      'a gap says that nobody looked',
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
    ['the generator was late', /of the generator's starts were late/, { lateStarts: 20 }],
    ['the event loop of the generator was late', /event loop was 250 ms late/, { eventLoopDelayP99Ms: 250 }],
    ['the generator had no CPU left', /the generator used 95\.00 % of its CPU/, { cpuShare: 0.95 }],
    ['a rule has no data', /no data for the rules .*leaks/, {}, not('hygiene_checked')],
    ['nothing was read back', /there was no final read-back/, {}, not('read_back_done')],
    ['the end is missing', /does not say how the run ended/, {}, not('run_ended')],
    [
      'an undo was not verified',
      /1 fault without a verified undo: f0003/,
      { faults: [crash, outage, { ...refused, undoVerified: false }, latency] },
    ],
    ['the generator said nothing of itself', /never reported its own health/, {}, not('generator_checked')],
    [
      'no die event for a kill',
      /no recovery time for f0001 .*die event was not seen/,
      {},
      (event) => !(event.type === 'engine_saw' && event.action === 'die'),
    ],
  ];
  for (const [name, reason, settings, keep] of inconclusive) {
    it(`is inconclusive when ${name}`, async () => {
      const { report } = await judged(settings, keep === undefined ? {} : { event: keep });
      assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
      assert.match(report.reasons.join('\n'), reason);
    });
  }

  it('leaves the time of a frozen proxy out of the verdict of the server, and shows it', async () => {
    const outage = new SimulatedRun({
      faults: [plannedFault(1, { kind: 'outage', target: 'server', atSeconds: 60, downSeconds: 30 })],
    });
    // Nobody was answered for half a minute: once because of the server, and once because of the proxy before it.
    const seen = async (extra: EncoreEvent[]) => {
      const ofFault = (event: EncoreEvent) =>
        'faultId' in event || event.type === 'engine_saw' || event.type === 'target_started';
      const { report } = await judged({ ...outage.settings, extra }, { event: (event) => !ofFault(event) });
      return report;
    };
    const blamed = await seen([]);
    assert.equal(blamed.result, 'FAILED');
    const [fromAt, toAt] = [outage.at(59), outage.at(95)];
    const excused = await seen([
      { type: 'injector_failed', at: toAt, reason: 'Toxiproxy did not answer', fromAt, toAt },
    ]);
    assert.equal(excused.result, 'INCONCLUSIVE', excused.reasons.join());
    assert.deepEqual([excused.totals.success_rate, excused.availability.control_windows], [1, 1]);
    assert.ok((excused.attribution.explained['injector'] ?? 0) > 100 && excused.attribution.unexplained === 0);
    assert.match(excused.warnings.join('\n'), /the injector itself failed for 36\.0 s .*Toxiproxy did not answer/);
  });

  it('lists what the engine cannot do as not tested, without blame', async () => {
    const cap = plannedFault(5, { kind: 'memory-cap', target: 'server', atSeconds: 150, bit: 'unsupported' });
    const { report } = await judged({ faults: [...usual, cap] });
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.ok(report.not_tested.includes('memory-cap: this engine cannot do it (no writable cgroup)'));
  });

  it('lists Grafana as not tested, and a memory cap on control groups of version 2 until one bit', async () => {
    const cap = plannedFault(5, { kind: 'memory-cap', target: 'server', atSeconds: 150 });
    const groups = async (version: string) => {
      const { report } = await judged(
        { faults: [...usual, cap] },
        {
          event: (event) => {
            if (event.type === 'run_started') event.environment['cgroupVersion'] = version;
            return true;
          },
        },
      );
      return report.not_tested.filter((text) => /Grafana|version 2/.test(text)).map((text) => text.split(' ')[0]);
    };
    assert.deepEqual(await groups('1'), ['memory-cap', 'the']);
    assert.deepEqual(await groups('2'), ['the']);
  });

  it('calls an interrupted run interrupted, and failed when a violation was already seen', async () => {
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: { success_rate: 'value>=0.9' } };
    const { report } = await judged({ interruptedAfter: 100, config });
    assert.equal(report.result, 'INTERRUPTED', report.reasons.join('\n'));
    assert.deepEqual(
      report.faults.map(({ id }) => id),
      ['f0001', 'f0002'],
    );
    assert.ok(report.not_tested.includes('2 planned faults whose time never came'));
    const failed = await judged({ interruptedAfter: 100, lost: 2 });
    assert.equal(failed.report.result, 'FAILED');
    const unbitten = await judged({ interruptedAfter: 100, faults: [{ ...crash, bit: 'no' }, ...usual.slice(1)] });
    assert.equal(unbitten.report.result, 'INCONCLUSIVE');
    const unheard = await judged({ interruptedAfter: 2, faults: [] }, { event: not('generator_checked') });
    assert.equal(unheard.report.result, 'INTERRUPTED', unheard.report.reasons.join('\n'));
  });

  it('does not pass a history or plan with a problem', async () => {
    const run = new SimulatedRun({ faults: usual });
    const { report } = await judge({
      history: run.history(),
      plan: run.plan,
      ledger: run.ledger(),
      historyProblems: ['line 7: wrong CRC'],
    });
    assert.equal(report.result, 'INCONCLUSIVE');
    const other = await judge({
      history: run.history(),
      plan: { ...run.plan, hash: 'f'.repeat(64) },
      ledger: run.ledger(),
      historyProblems: [],
    });
    assert.equal(other.report.result, 'INCONCLUSIVE');
    assert.match(other.report.reasons.join(), /the run announced plan/);
  });

  it('blames failures outside of every window on nobody, with the circumstances', async () => {
    const { report } = await judged({ faults: [crash], steadySeconds: 60, strayFailures: 1 });
    assert.ok(report.attribution.unexplained > 20);
    assert.equal(report.attribution.unexplained_samples.length <= 50, true);
    const last = report.attribution.unexplained_samples.at(-1);
    assert.match(last?.detail ?? '', /phase steady; .* s after the end of f0001 \(crash\)/);
    assert.equal(report.result, 'PASSED', 'one failure in forty is under the limit, but warned of');
    assert.ok(report.warnings.some((warning) => warning.includes('without a fault to explain it')));
  });

  it('counts failures that were too many to be listed with those of their second', async () => {
    const many = { faults: [refused], operationsPerSecond: 500 };
    const { report } = await judged(many);
    const failed = report.totals.attempts - (report.outcomes.ok ?? 0);
    assert.ok(failed > 400, `${failed} failed`);
    assert.ok(
      Math.abs((report.attribution.explained['f0003'] ?? 0) - failed) <= 10,
      JSON.stringify(report.attribution),
    );
    assert.ok(report.attribution.unexplained <= 10);
  });

  it('names the zone of the guide', async () => {
    const zone = async (strayFailures: number): Promise<string> =>
      (await judged({ faults: [crash], strayFailures })).report.reasons.join();
    assert.match(await zone(3), /success_rate is 9\d.*the warning zone, 90 to 95 %/);
    assert.match(await zone(8), /success_rate is [78]\d.*the failure zone, under 90 %/);
  });

  it('counts only probes of steady for the control windows', async () => {
    const at = new SimulatedRun().at(-5);
    const probes = [{ dueAt: at, endedAt: at + 1_000, outcome: 'deadline' as const }];
    const { report } = await judged({ extra: [{ type: 'probe_second', at, probes }] });
    assert.equal(report.availability.control_windows, 1);
    assert.ok((report.availability.overall ?? 1) < 1);
  });

  it('sees the hand of somebody else, and a death with nothing to blame', async () => {
    const at = new SimulatedRun().at(100);
    const paused = await judged({
      extra: [{ type: 'engine_saw', at, engineAt: at, target: 'postgres', action: 'pause' }],
    });
    assert.deepEqual(paused.report.manual_interventions, [
      { at: new Date(at).toISOString(), target: 'postgres', action: 'pause' },
    ]);
    assert.equal(paused.report.result, 'FAILED');
    const died = await judged({
      extra: [{ type: 'engine_saw', at, engineAt: at, target: 'server', action: 'die', exitCode: 1 }],
    });
    assert.match(died.report.reasons.join(), /unexpected_exits is 1/);
    const host = await judged({
      extra: [{ type: 'engine_saw', at, engineAt: at, target: 'server', action: 'die', exitCode: 137 }],
    });
    assert.equal(host.report.result, 'INCONCLUSIVE');
    assert.match(host.report.reasons.join(), /the host may be short of memory/);
  });

  it('takes the end of a server for an accident under a fault that it must survive, not under one that may kill it', async () => {
    const under = async (kind: 'traffic-surge' | 'memory-cap'): Promise<string> => {
      const fault = plannedFault(1, { kind, target: 'server', atSeconds: 60, durationSeconds: 20 });
      const at = new SimulatedRun().at(70);
      const { report } = await judged({
        faults: [fault],
        extra: [{ type: 'engine_saw', at, engineAt: at, target: 'server', action: 'die', exitCode: 1 }],
      });
      return report.reasons.join();
    };
    assert.match(await under('traffic-surge'), /unexpected_exits is 1/);
    assert.doesNotMatch(await under('memory-cap'), /unexpected_exits/);
  });

  it('tells a graceful restart that had to be forced', async () => {
    const restarted = async (exitCode: number): Promise<string> => {
      const at = new SimulatedRun().at(60);
      const { report } = await judged({
        faults: [plannedFault(1, { kind: 'restart', target: 'server', atSeconds: 60, downSeconds: 11 })],
        extra: [{ type: 'engine_saw', at: at + 40, engineAt: at + 40, target: 'server', action: 'die', exitCode }],
      });
      return report.reasons.join();
    };
    assert.match(await restarted(137), /forced_stops is 1, the rule is count==0/);
    assert.doesNotMatch(await restarted(0), /forced_stops/);
  });

  it('does not take its own restart of a frozen proxy, or a container that is no target, for the hand of somebody else', async () => {
    const at = new SimulatedRun().at(100);
    const { report } = await judged({
      extra: [
        { type: 'injector_failed', at: at + 900, reason: 'frozen', fromAt: at - 300, toAt: at + 900 },
        { type: 'engine_saw', at, engineAt: at, target: 'toxiproxy', action: 'kill', signal: 'SIGTERM' },
        { type: 'engine_saw', at: at + 100, engineAt: at + 100, target: 'toxiproxy', action: 'die', exitCode: 0 },
        { type: 'engine_saw', at, engineAt: at, target: 'grafana', action: 'stop' },
      ],
    });
    assert.deepEqual([report.result, report.manual_interventions], ['PASSED', []], report.reasons.join());
  });

  it('sees a leak between restarts, and none where there is none', async () => {
    const megabytePerMinute = 60 * 1_048_576;
    const rule = {
      profile: 'smoke',
      recoveryTimeoutSeconds: 30,
      thresholds: { memory_slope_bytes_per_hour: 'value<20000000' },
    };
    const long = { steadySeconds: 1_200, faults: [crash], config: rule };
    const leaking = await judged({ ...long, leakBytesPerHour: megabytePerMinute });
    const slope = leaking.report.resources['server']?.memory_slope_bytes_per_hour ?? 0;
    assert.ok(Math.abs(slope - megabytePerMinute) < 0.2 * megabytePerMinute, `slope ${slope}`);
    assert.equal(leaking.report.result, 'FAILED');
  });

  it('says the same of the same files, in whatever order the sources arrived', async () => {
    const run = new SimulatedRun({ faults: usual });
    const events = [...run.events()];
    const ofGuard = (event: EncoreEvent): boolean => event.type.startsWith('fault_') || event.type === 'engine_saw';
    const late = [
      ...events.filter((event) => !ofGuard(event)).slice(0, -1),
      ...events.filter(ofGuard),
      events.at(-1),
    ].filter((event) => event !== undefined);
    const lines = async function* () {
      for (const [index, event] of late.entries())
        yield { seq: index + 1, source: 'orchestrator' as const, event, crc: '' };
    };
    // The guard's whole journal comes at the end: only a horizon as long as the run can put it back in its place.
    const inOrder = await judged();
    const { Judging } = await import('./judge.ts');
    const { Ledger } = await import('./integrity.ts');
    const judging = new Judging(run.plan, 3_600_000);
    const ledger = new Ledger();
    for await (const line of lines()) judging.add(line.event);
    for await (const entry of run.ledger()) ledger.add(entry);
    assert.deepEqual(judging.conclude(ledger), inOrder);
  });
});
