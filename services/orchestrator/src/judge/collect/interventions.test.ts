import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { engineEvent } from '../../testing/engine-event.ts';
import { judged } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';

describe('the judge', () => {
  it('treats a manual kill that ends a fault as an intervention, although the supervisor repairs it', async () => {
    const freeze = plannedFault(1, { kind: 'freeze', target: 'server', atSeconds: 60, durationSeconds: 20 });
    const at = new SimulatedRun().at(63);
    const saw = (after: number, action: string, more = {}) => engineEvent(at + after, action, more);
    const answers = Array.from({ length: 120 }, (_, index) => {
      return { dueAt: at + 5_000 + 100 * index, endedAt: at + 5_005 + 100 * index, outcome: 'ok' as const };
    });
    const { report } = await judged(
      {
        faults: [freeze],
        extra: [
          saw(0, 'kill', { signal: '9' }),
          saw(10, 'unpause'),
          saw(50, 'die', { exitCode: 137 }),
          {
            type: 'fault_reverted',
            at: at + 50,
            faultId: 'f0001',
            verified: true,
            cause: 'external',
            evidence: 'something outside the lab stopped the target (kill, signal 9)',
          },
          saw(3_000, 'start', { restartCount: 0 }),
          {
            type: 'target_started',
            at: at + 3_000,
            engineAt: at + 3_000,
            target: 'server',
            actor: 'supervisor',
            reason: 'exited for 2 s',
            requestedAt: at + 2_900,
          },
          { type: 'probe_second', at: at + 5_000, probes: answers },
        ],
      },
      { event: (event) => !(event.type === 'fault_reverted' && event.cause === 'released') },
    );
    const [fault] = report.faults;
    assert.deepEqual([fault?.revert_cause, fault?.recovered_by], ['external', 'supervisor']);
    assert.deepEqual(
      report.manual_interventions.map(({ action }) => action),
      ['kill', 'end of f0001 (freeze)'],
    );
    assert.equal(report.result, 'FAILED');
  });

  it('treats a change of a proxy as an intervention', async () => {
    const at = new SimulatedRun().at(63);
    const change = 'it was closed; Encore opens it again';
    const { report } = await judged({ extra: [{ type: 'proxy_changed', at, target: 'server:8000', change }] });
    assert.deepEqual(report.manual_interventions, [
      { at: new Date(at).toISOString(), target: 'server:8000', action: 'change', detail: change },
    ]);
    assert.equal(report.result, 'FAILED');
  });
});
