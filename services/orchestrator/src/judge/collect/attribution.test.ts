import assert from 'node:assert/strict';
import type { EncoreEvent, FaultKind } from '@encore/contracts';
import { describe, it } from 'mocha';
import { engineEvent } from '../../testing/engine-event.ts';
import { crash, judged, refused } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

describe('judge: attribution', () => {
  it('excludes the time of a frozen proxy from the verdict and warns of it', async () => {
    const outage = new SimulatedRun({
      faults: [plannedFault(1, { kind: 'outage', target: 'server', atSeconds: 60, downSeconds: 30 })],
    });
    // No request succeeds for half a minute: first because of the server, then because of its
    // proxy.
    const seen = async (extra: EncoreEvent[]) => {
      const ofFault = (event: EncoreEvent) =>
        'faultId' in event || event.type === 'engine_event' || event.type === 'target_started';
      const { report } = await judged({ ...outage.settings, extra }, { event: (event) => !ofFault(event) });
      return report;
    };
    const failed = await seen([]);
    assert.equal(failed.result, 'FAILED');
    const [fromAt, toAt] = [outage.at(59), outage.at(95)];
    const excluded = await seen([
      { type: 'injector_failed', at: toAt, reason: 'Toxiproxy did not answer', fromAt, toAt },
    ]);
    assert.equal(excluded.result, 'INCONCLUSIVE', excluded.reasons.join());
    assert.deepEqual([excluded.totals.success_rate, excluded.availability.fault_free_windows], [1, 1]);
    assert.ok((excluded.attribution.explained['injector'] ?? 0) > 100 && excluded.attribution.unexplained === 0);
    assert.match(excluded.warnings.join('\n'), /the injector itself failed for 36\.0 s .*Toxiproxy did not answer/);
  });

  it('warns of a failure of the injector that has no duration', async () => {
    const at = new SimulatedRun().at(100);
    const reason = 'the journal cannot be written (ENOSPC)';
    const { report } = await judged({ extra: [{ type: 'injector_failed', at, reason, fromAt: at, toAt: at }] });
    const time = new Date(at).toISOString().slice(11, 19);
    assert.ok(
      report.warnings.includes(`the injector itself failed (1 time): ${reason} (at ${time} UTC)`),
      report.warnings.join('\n'),
    );
    assert.equal(report.result, 'PASSED');
  });

  it('lists failures outside every window as unexplained, with their circumstances', async () => {
    const { report } = await judged({ faults: [crash], steadySeconds: 60, strayFailures: 1 });
    assert.ok(report.attribution.unexplained > 20);
    assert.equal(report.attribution.unexplained_samples.length <= 50, true);
    const last = report.attribution.unexplained_samples.at(-1);
    assert.match(last?.detail ?? '', /phase steady; .* s after the end of f0001 \(crash\)/);
    assert.equal(report.result, 'PASSED', 'one failure in forty is within the limit, but raises a warning');
    assert.ok(report.warnings.some((warning) => warning.includes('not explained by any fault')));
  });

  it('names the wrong setting if a restart policy did not recover a crash', async () => {
    const noPolicy = { 'encore-server-1': { policy: 'no', init: true, stopSignal: 'SIGTERM' } };
    const { report } = await judged(
      { faults: [{ ...crash, startedBy: 'supervisor' }] },
      {
        event: (event) => {
          if (event.type === 'run_started') event.environment['restartSetups'] = noPolicy;
          return true;
        },
      },
    );
    assert.match(
      report.warnings.join('\n'),
      /f0001 \(crash, by supervisor\) \(encore-server-1 has restart: no \(required: always\)\)/,
    );
  });

  it('names the time at which the restart policy of a target was lost', async () => {
    const at = new SimulatedRun().at(20);
    const updated = (after: number, restartPolicy: string) => engineEvent(at + after, 'update', { restartPolicy });
    const { report } = await judged({
      faults: [{ ...crash, startedBy: 'supervisor' }],
      extra: [updated(0, 'always'), updated(500, 'no'), updated(1_500, 'no'), updated(60_000, 'unless-stopped')],
    });
    const time = new Date(at + 500).toISOString().slice(11, 19);
    assert.ok(
      report.warnings.some((text) =>
        text.endsWith(`f0001 (crash, by supervisor) (server had restart: no from ${time} UTC (required: always))`),
      ),
      report.warnings.join('\n'),
    );
  });

  it('attributes unlisted failures together with those of their second', async () => {
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

  it('is inconclusive for the time in which the engine did not respond', async () => {
    const run = new SimulatedRun();
    const lost = (ongoing: boolean): EncoreEvent => ({
      type: 'engine_lost',
      at: run.at(115),
      fromAt: run.at(100),
      toAt: run.at(115),
      ongoing,
      reason: 'the container engine did not respond',
    });
    const stopped: EncoreEvent[] = ['kill', 'die', 'stop'].map((action) => ({
      ...{ type: 'engine_event', at: run.at(99), engineAt: run.at(99), target: 'server', action, exitCode: 0 },
    }));
    const ofRule = ({ report: { thresholds } }: Awaited<ReturnType<typeof judged>>) =>
      ['unexpected_exits', 'manual_interventions', 'forced_stops'].map(
        (metric) => thresholds.find(({ name }) => name === metric)?.ok,
      );
    assert.deepEqual(ofRule(await judged({})), [true, true, true]);
    assert.deepEqual(ofRule(await judged({ extra: stopped })), [false, false, true]);
    for (const ongoing of [false, true]) {
      const gone = await judged({ extra: [...stopped, lost(ongoing)] });
      assert.deepEqual(
        ofRule(gone),
        [null, null, null],
        'what stopped around that time may have stopped with the engine',
      );
      assert.equal(gone.report.result, 'INCONCLUSIVE', gone.report.reasons.join());
      assert.match(gone.report.reasons.join(), /no container events for .* the container engine did not respond/);
    }
  });

  it('excludes what users observe after the engine stopped, and deaths that it caused', async () => {
    const freeze = plannedFault(1, { kind: 'freeze', target: 'server', atSeconds: 70, durationSeconds: 6 });
    // No request succeeds from 100 s on: the outage simulates an engine that stops.
    const outage = plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 100, downSeconds: 8 });
    const run = new SimulatedRun({ faults: [freeze, outage] });
    const at = run.at(73);
    const died: EncoreEvent = {
      type: 'engine_event',
      at,
      engineAt: at,
      target: 'postgres',
      action: 'die',
      exitCode: 0,
    };
    const lost = (fromAt: number): EncoreEvent => {
      return { type: 'engine_lost', at: fromAt, fromAt, toAt: fromAt, ongoing: true, reason: 'it is shutting down' };
    };
    const seen = async (extra: EncoreEvent[]) => {
      const isOfOutage = (event: EncoreEvent) =>
        ('faultId' in event && event.faultId === 'f0002') ||
        ((event.type === 'engine_event' || event.type === 'target_started') && event.at > run.at(99));
      const { report } = await judged({ ...run.settings, extra }, { event: (event) => !isOfOutage(event) });
      return report;
    };
    const unexplained = await seen([died]);
    assert.match(unexplained.warnings.join('\n'), /postgres died during f0001/);
    assert.ok(unexplained.attribution.unexplained > 20, `${unexplained.attribution.unexplained}`);
    assert.doesNotMatch((await seen([died, lost(run.at(74))])).warnings.join('\n'), /died during/);
    const excluded = await seen([lost(run.at(99))]);
    assert.equal(excluded.attribution.unexplained, 0);
    assert.equal(excluded.availability.fault_free_windows, 1);
    assert.notEqual(excluded.result, 'FAILED', excluded.reasons.join());
  });

  it('does not fail a target that does not recover while the engine is gone', async () => {
    const down = { faults: [plannedFault(1, { kind: 'outage', target: 'server', atSeconds: 60, downSeconds: 200 })] };
    const run = new SimulatedRun(down);
    const failed = await judged(down);
    assert.match(failed.report.reasons.join(), /recovery_seconds/);
    const [fromAt, toAt] = [run.at(65), run.at(75)];
    const lost: EncoreEvent = {
      type: 'engine_lost',
      at: toAt,
      fromAt,
      toAt,
      ongoing: true,
      reason: 'the engine stopped',
    };
    const excluded = await judged({ ...down, extra: [lost] });
    assert.doesNotMatch(excluded.report.reasons.join(), /recovery_seconds:/);
    assert.match(excluded.report.reasons.join(), /no recovery time for f0001 .*the container engine did not respond/);
  });

  it('fails manual interventions and unexplained deaths', async () => {
    const at = new SimulatedRun().at(100);
    const paused = await judged({
      extra: [{ type: 'engine_event', at, engineAt: at, target: 'postgres', action: 'pause' }],
    });
    assert.deepEqual(paused.report.manual_interventions, [
      { at: new Date(at).toISOString(), target: 'postgres', action: 'pause' },
    ]);
    assert.equal(paused.report.result, 'FAILED');
    const died = await judged({
      extra: [{ type: 'engine_event', at, engineAt: at, target: 'server', action: 'die', exitCode: 1 }],
    });
    assert.match(died.report.reasons.join(), /unexpected_exits: 1/);
    const host = await judged({
      extra: [{ type: 'engine_event', at, engineAt: at, target: 'server', action: 'die', exitCode: 137 }],
    });
    assert.equal(host.report.result, 'INCONCLUSIVE');
    assert.match(host.report.reasons.join(), /SIGKILL of unknown origin .* short of memory/);
  });

  it('counts a manual kill or stop that the supervisor repairs, with or without an active fault', async () => {
    const spike = plannedFault(1, { kind: 'traffic-spike', target: 'server', atSeconds: 95, durationSeconds: 20 });
    const run = new SimulatedRun();
    const saw = (second: number, action: string, more = {}) => engineEvent(run.at(second), action, more);
    const started = (second: number): EncoreEvent[] => {
      const common = { at: run.at(second), target: 'server', reason: 'exited for 2 s' } as const;
      return [
        { type: 'supervisor_acted', ...common, action: 'start', result: 'refused' },
        saw(second, 'start', { restartCount: 0 }),
        { type: 'target_started', ...common, actor: 'supervisor', requestedAt: run.at(second) - 40 },
        { type: 'supervisor_acted', ...common, action: 'start', result: 'done' },
      ];
    };
    const kill = [saw(100, 'kill', { signal: '9' }), saw(100.1, 'die', { exitCode: 137 }), ...started(102.3)];
    const stop = [
      saw(100, 'kill', { signal: '15' }),
      saw(100.2, 'die', { exitCode: 0 }),
      saw(100.2, 'stop'),
      ...started(102.3),
    ];
    for (const faults of [[], [spike]]) {
      const killed = (await judged({ faults, extra: kill })).report;
      assert.deepEqual(
        killed.manual_interventions.map(({ action }) => action),
        ['kill'],
      );
      assert.match(killed.reasons.join(), /unexpected_exits: 1/);
      const stopped = (await judged({ faults, extra: stop })).report;
      assert.deepEqual(
        stopped.manual_interventions.map(({ action }) => action),
        ['kill', 'stop'],
      );
      assert.match(stopped.reasons.join(), /unexpected_exits: 1/);
      assert.deepEqual([killed.result, stopped.result], ['FAILED', 'FAILED']);
    }
  });

  it('explains what a restart by Encore does to the target from its request on', async () => {
    const run = new SimulatedRun();
    const at = run.at(100);
    const saw = (after: number, action: string, more = {}) => engineEvent(at + after, action, more);
    // A graceful restart that uses the whole stop grace period.
    const restarted: EncoreEvent[] = [
      saw(20, 'kill', { signal: '15' }),
      saw(10_020, 'kill', { signal: '9' }),
      saw(10_050, 'die', { exitCode: 137 }),
      saw(10_060, 'stop'),
      saw(10_500, 'start', { restartCount: 0 }),
    ];
    const by: EncoreEvent = {
      type: 'target_started',
      at: at + 10_520,
      engineAt: at + 10_500,
      target: 'server',
      actor: 'supervisor',
      reason: 'running, but no response for 8 s',
      requestedAt: at,
    };
    const metrics = ({ report }: Awaited<ReturnType<typeof judged>>) =>
      ['manual_interventions', 'unexpected_exits'].map(
        (name) => report.thresholds.find((rule) => rule.name === name)?.ok,
      );
    assert.deepEqual(metrics(await judged({ faults: [], extra: [...restarted, by] })), [true, true]);
    assert.deepEqual(metrics(await judged({ faults: [], extra: restarted })), [false, false]);
  });

  it('treats a fault that is ended from outside as an intervention', async () => {
    const freeze = plannedFault(1, { kind: 'freeze', target: 'server', atSeconds: 60, durationSeconds: 20 });
    const at = new SimulatedRun().at(63);
    const ended: EncoreEvent = {
      type: 'fault_reverted',
      at,
      faultId: 'f0001',
      verified: true,
      cause: 'external',
      evidence: 'something else ended it; before the revert the target is running',
    };
    const answers = Array.from({ length: 170 }, (_, index) => {
      return { dueAt: at + 100 * index, endedAt: at + 100 * index + 5, outcome: 'ok' as const };
    });
    const { report } = await judged(
      { faults: [freeze], extra: [ended, { type: 'probe_second', at, probes: answers }] },
      { event: (event) => !(event.type === 'fault_reverted' && event.cause === 'released') },
    );
    const [fault] = report.faults;
    assert.deepEqual([fault?.reverted_at, fault?.revert_cause], [new Date(at).toISOString(), 'external']);
    assert.equal(fault?.recovered_by, 'external');
    assert.ok((fault?.recovery_seconds ?? 9) < 0.2, 'measured from the external end');
    assert.deepEqual(report.manual_interventions, [
      { at: new Date(at).toISOString(), target: 'server', action: 'end of f0001 (freeze)', detail: ended.evidence },
    ]);
    assert.equal(report.result, 'FAILED');
    assert.match(
      report.warnings.join('\n'),
      /faults ended early by something other than Encore or the system: f0001 \(freeze\) after 3\.0 of 20 s/,
    );
  });

  it('counts engine events that the active fault does not explain as interventions', async () => {
    const interventions = async (kind: FaultKind, action: string): Promise<number> => {
      const at = new SimulatedRun().at(70);
      const { report } = await judged({
        faults: [plannedFault(1, { kind, target: 'server', atSeconds: 60, durationSeconds: 20 })],
        extra: [{ type: 'engine_event', at, engineAt: at, target: 'server', action }],
      });
      return report.manual_interventions.length;
    };
    assert.equal(await interventions('memory-cap', 'update'), 0);
    assert.equal(await interventions('memory-cap', 'pause'), 1);
    assert.equal(await interventions('freeze', 'unpause'), 0);
    assert.equal(await interventions('freeze', 'update'), 1);
    assert.equal(await interventions('disk-full', 'kill'), 1);
    assert.equal(await interventions('hang', 'pause'), 0);
    assert.equal(await interventions('partition', 'disconnect'), 0);
    assert.equal(await interventions('freeze', 'disconnect'), 1);
  });

  it('counts a manual change of networks, but not those of a stop and a start', async () => {
    const run = new SimulatedRun();
    const saw = (second: number, action: string, more = {}) => engineEvent(run.at(second), action, more);
    const back = { network: 'encore_back' };
    const { report } = await judged({
      extra: [
        // The crash at 40 s ends at 41 s with a start.
        saw(40.2, 'disconnect', back),
        saw(40.3, 'disconnect', { network: 'encore_health' }),
        saw(40.8, 'connect', back),
        saw(40.9, 'connect', { network: 'encore_health' }),
        saw(100, 'disconnect', back),
        saw(104, 'connect', back),
        saw(104, 'connect', { ...back, target: 'grafana' }),
      ],
    });
    assert.deepEqual(
      report.manual_interventions.map(({ action, detail }) => [action, detail]),
      [
        ['disconnect', 'network encore_back'],
        ['connect', 'network encore_back'],
      ],
    );
    assert.match(report.reasons.join(), /manual_interventions: 2 .* \(network encore_back\)/);
  });

  it('names the checkout whose Compose recreated a target', async () => {
    const at = new SimulatedRun().at(100);
    const saw = (after: number, action: string, more = {}) => engineEvent(at + after, action, more);
    const { report } = await judged({
      extra: [
        saw(0, 'create', { checkout: '/home/b/encore' }),
        saw(10, 'kill', { signal: 'SIGTERM' }),
        saw(400, 'die', { exitCode: 0 }),
        saw(410, 'stop'),
        saw(500, 'destroy'),
        saw(900, 'start', { restartCount: 0 }),
        { type: 'target_started', at: at + 900, engineAt: at + 900, target: 'server', actor: 'external', reason: '' },
      ],
    });
    assert.equal(report.result, 'FAILED');
    assert.deepEqual(
      report.manual_interventions.map(({ action, detail }) => [action, detail]),
      ['kill', 'stop', 'destroy', 'start'].map((action) => [action, 'recreated by Compose from /home/b/encore']),
    );
    assert.match(
      report.reasons.join('\n'),
      /manual_interventions: 4 \(rule: count==0\); kill of server at 10:01:52 \(recreated by Compose from \/home\/b\/encore\)/,
    );
  });

  it('counts a death as unexpected unless the active fault may cause it', async () => {
    const under = async (kind: 'traffic-spike' | 'memory-cap'): Promise<string> => {
      const fault = plannedFault(1, { kind, target: 'server', atSeconds: 60, durationSeconds: 20 });
      const at = new SimulatedRun().at(70);
      const { report } = await judged({
        faults: [fault],
        extra: [{ type: 'engine_event', at, engineAt: at, target: 'server', action: 'die', exitCode: 1 }],
      });
      return report.reasons.join();
    };
    assert.match(await under('traffic-spike'), /unexpected_exits: 1/);
    assert.doesNotMatch(await under('memory-cap'), /unexpected_exits/);
  });

  it('fails a graceful restart that ends in SIGKILL', async () => {
    const restarted = async (exitCode: number): Promise<string> => {
      const at = new SimulatedRun().at(60);
      const { report } = await judged({
        faults: [plannedFault(1, { kind: 'restart', target: 'server', atSeconds: 60, downSeconds: 11 })],
        extra: [{ type: 'engine_event', at: at + 40, engineAt: at + 40, target: 'server', action: 'die', exitCode }],
      });
      return report.reasons.join();
    };
    assert.match(await restarted(137), /forced_stops: 1 \(rule: count==0\)/);
    assert.doesNotMatch(await restarted(0), /forced_stops/);
  });

  it('ignores its own restart of a frozen proxy, and containers that are not targets', async () => {
    const at = new SimulatedRun().at(100);
    const failed = {
      type: 'injector_failed',
      at: at + 900,
      reason: 'frozen',
      fromAt: at - 300,
      toAt: at + 900,
    } as const;
    const seen = async (extra: EncoreEvent[]) =>
      (
        await judged({
          extra: [
            engineEvent(at, 'kill', { target: 'toxiproxy', signal: 'SIGTERM' }),
            engineEvent(at + 100, 'die', { target: 'toxiproxy', exitCode: 0 }),
            engineEvent(at, 'stop', { target: 'grafana' }),
            ...extra,
          ],
        })
      ).report;
    const own = await seen([{ ...failed, restartRequestedAt: at - 20 }]);
    assert.deepEqual([own.result, own.manual_interventions], ['PASSED', []], own.reasons.join());
    // Toxiproxy was killed by hand, then found without its proxies or restarted.
    for (const extra of [[failed], [{ ...failed, toAt: at + 7_000, restartRequestedAt: at + 6_300 }]]) {
      const byHand = await seen(extra);
      assert.deepEqual(
        byHand.manual_interventions.map(({ target, action }) => [target, action]),
        [['toxiproxy', 'kill']],
      );
    }
  });
});
