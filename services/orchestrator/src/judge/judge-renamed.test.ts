/** The judge knows no name of the bundled lab: other names give the same verdict. */
import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { assertSameApartFromNames, renamed, renamedSystem } from '../../../../test/support/renamed-system.ts';
import { defaultFaults, judged } from '../testing/judged-run.ts';
import { plannedFault, type SimulatedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import type { Simulation } from '../testing/simulation.ts';
import type { Judgement } from './judge.ts';

const renameFault = (fault: SimulatedFault): SimulatedFault => ({ ...fault, target: renamed(fault.target) });

/** Everything that the run leaves, without the hash of its plan, which contains the names. */
const leftBy = ({ report, series }: Judgement): unknown =>
  JSON.parse(JSON.stringify({ report, series }).replaceAll(/"[0-9a-f]{64}"/g, '"hash"'));

async function assertSameVerdict(settings: Partial<Simulation>): Promise<Judgement> {
  const faults = settings.faults ?? defaultFaults;
  const bundled = await judged({ ...settings, faults });
  const extra: EncoreEvent[] = JSON.parse(renamed(JSON.stringify(settings.extra ?? [])));
  const other = await judged({ ...settings, faults: faults.map(renameFault), extra, system: renamedSystem });
  assert.deepEqual(Object.keys(other.series.memoryBytes), ['alpha', 'beta', 'gamma']);
  assertSameApartFromNames(leftBy(other), leftBy(bundled));
  return other;
}

describe('judge on a system with other names', () => {
  it('passes the same run', async () => {
    const { report } = await assertSameVerdict({});
    assert.equal(report.result, 'PASSED');
    assert.deepEqual([...new Set(report.faults.map(({ target }) => target))], ['alpha', 'alpha:8000']);
  });

  it('fails the same run, for the same reasons', async () => {
    const faults = [
      plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 600 }),
      plannedFault(2, { kind: 'outage', target: 'server', atSeconds: 1_200, downSeconds: Number.POSITIVE_INFINITY }),
    ];
    const thresholds = { memory_slope_bytes_per_hour: 'value<1e6', memory_floor_slope_bytes_per_hour: 'value<1e6' };
    const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds };
    const run = new SimulatedRun();
    const collected = (second: number): EncoreEvent => ({
      type: 'garbage_collected',
      at: run.at(second),
      // The restart after the crash empties the memory.
      bytes: 1e8 + (second % 600) * 1e6,
    });
    const extra = Array.from({ length: 120 }, (_, index) => collected(10 * index));
    const settings = { faults, config, extra, steadySeconds: 1_300, lost: 3, leakBytesPerHour: 2e9 };
    const { report } = await assertSameVerdict(settings);
    assert.equal(report.result, 'FAILED');
    for (const metric of ['memory_slope', 'memory_floor_slope', 'lost_writes', 'recovery_seconds'])
      assert.match(report.reasons.join('\n'), new RegExp(metric));
  });

  it('attributes the same events of a dependency and of the container that runs the proxies', async () => {
    const faults = [
      plannedFault(1, {
        kind: 'outage',
        target: 'postgres',
        atSeconds: 30,
        durationSeconds: 8,
        params: { until: 'revert' },
      }),
      plannedFault(2, { kind: 'timeout', target: 'postgres:5432', atSeconds: 80, durationSeconds: 5 }),
      plannedFault(3, { kind: 'timeout', target: 'server:8000', atSeconds: 110, durationSeconds: 5 }),
    ];
    const run = new SimulatedRun();
    const engine = (second: number, target: string, action: string): EncoreEvent => {
      const at = run.at(second);
      return { type: 'engine_event', at, engineAt: at, target, action };
    };
    const observed = (second: number, ready: boolean): EncoreEvent => ({
      type: 'server_observed',
      at: run.at(second),
      port: true,
      ready,
    });
    const failed = run.at(60);
    const extra: EncoreEvent[] = [
      observed(31, false),
      observed(39, true),
      { type: 'injector_failed', at: failed, reason: 'frozen', fromAt: failed - 1_000, toAt: failed },
      engine(58, 'toxiproxy', 'kill'),
      engine(82, 'toxiproxy', 'die'),
      engine(100, 'postgres', 'pause'),
      engine(112, 'server', 'update'),
    ];
    const { report } = await assertSameVerdict({ faults, extra });
    assert.match(JSON.stringify(report), /pause of beta/);
  });
});
