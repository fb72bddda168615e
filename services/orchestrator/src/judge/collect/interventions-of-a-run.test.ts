import assert from 'node:assert/strict';
import type { EncoreEvent, FaultKind } from '@encore/contracts';
import { describe, it } from 'mocha';
import { engineEvent } from '../../testing/engine-event.ts';
import { judged } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

describe('judge: interventions', () => {
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

  it('attributes to its own restart only what follows the request', async () => {
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
