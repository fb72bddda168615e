import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type EncoreEvent, faultKinds, reportSchema } from '@encore/contracts';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { historyOf } from '../testing/judged-run.ts';
import { plannedFault, type SimulatedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { Ledger } from './collect/integrity.ts';
import { History } from './history.ts';
import { judge } from './judge.ts';

const faults = [
  plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 12.3 }),
  plannedFault(2, { kind: 'timeout', target: 'server:8000', atSeconds: 30, durationSeconds: 3 }),
  plannedFault(3, { kind: 'memory-cap', target: 'server', atSeconds: 40, durationSeconds: 5 }),
];
const config = { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: { success_rate: 'value>=0.9' } };
const run = new SimulatedRun({
  faults,
  config,
  rampSeconds: 5,
  steadySeconds: 60,
  operationsPerSecond: 12,
  probesPerSecond: 4,
});
const events = [...run.events()];

async function wholeLedger(): Promise<Ledger> {
  const ledger = new Ledger();
  for await (const entry of run.ledger()) ledger.add(entry);
  return ledger;
}

function resultOf(some: readonly EncoreEvent[], ledger: Ledger): string {
  const { report } = judge({ history: historyOf(run.plan, some), ledger, problems: [] });
  reportSchema.parse(report);
  return report.result;
}

describe('judge: properties', () => {
  it('has a verdict for every prefix of a history, and none of them is PASSED', async () => {
    const ledger = await wholeLedger();
    assert.equal(resultOf(events, ledger), 'PASSED', 'the whole history passes');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: events.length - 1 }), (length) => {
        assert.notEqual(resultOf(events.slice(0, length), ledger), 'PASSED');
      }),
      { numRuns: 60 },
    );
  });

  it('has a verdict for a history with missing, repeated, reordered and mistimed lines', async () => {
    const ledger = await wholeLedger();
    const damage = fc.record({
      at: fc.nat(events.length - 1),
      kind: fc.constantFrom('drop', 'double', 'move', 'shift'),
      by: fc.integer({ min: -1e7, max: 1e7 }),
    });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 60 }), (damages) => {
        const some = [...events];
        for (const { at, kind, by } of damages) {
          const event = some[at];
          if (event === undefined) continue;
          if (kind === 'drop') some.splice(at, 1);
          else if (kind === 'double') some.splice(at, 0, event);
          else if (kind === 'move') some.splice(Math.abs(by) % some.length, 0, ...some.splice(at, 1));
          else some[at] = { ...event, at: event.at + by };
        }
        resultOf(some, ledger);
      }),
      { numRuns: 60 },
    );
  });

  it('has a verdict for overlapping faults of every kind, with and without effect', () => {
    const fault = fc.record({
      kind: fc.constantFrom(...faultKinds),
      target: fc.constantFrom('server', 'postgres', 'server:8000', 'postgres:5432'),
      atSeconds: fc.integer({ min: 0, max: 40 }),
      durationSeconds: fc.integer({ min: 0, max: 20 }),
      effect: fc.constantFrom('confirmed', 'absent', 'refused', 'unsupported'),
      downSeconds: fc.constantFrom(0.5, 3, Number.POSITIVE_INFINITY),
    });
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 12 }), (drawn) => {
        const wild = new SimulatedRun({
          faults: drawn.map((one, index) => plannedFault(index + 1, one as SimulatedFault)),
          rampSeconds: 3,
          steadySeconds: 45,
          operationsPerSecond: 5,
          probesPerSecond: 2,
        });
        const history = historyOf(wild.plan, wild.events());
        const { report } = judge({ history, ledger: new Ledger(), problems: [] });
        assert.notEqual(report.result, 'PASSED', 'nothing was read back');
        for (const { recovery_seconds: seconds } of report.faults) assert.ok(seconds === null || seconds >= 0);
      }),
      { numRuns: 60 },
    );
  });

  it('needs no more memory for a day than for its first hours, at 1,000 attempts per second', function () {
    this.timeout(120_000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const hours = 24;
    const kills = Array.from({ length: hours }, (_, hour) =>
      plannedFault(hour + 1, {
        kind: hour % 2 === 0 ? 'crash' : 'outage',
        target: 'server',
        atSeconds: hour * 3_600 + 1_800.5,
        downSeconds: 5,
      }),
    );
    const day = new SimulatedRun({
      faults: kills,
      rampSeconds: 300,
      steadySeconds: hours * 3_600 - 300,
      operationsPerSecond: 1_000,
      probesPerSecond: 10,
      users: 100,
    });
    const history = new History(day.plan);
    const used: number[] = [];
    let hour = 0;
    for (const event of day.events()) {
      history.add(event);
      if (event.type !== 'load_second' || event.at < day.at((hour + 1) * 3_600 - 300)) continue;
      hour += 1;
      if (hour % 6 !== 0 && hour !== 2) continue;
      collect();
      used.push(process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
    }
    const [early = 0] = used;
    const growth = Math.max(...used) - early;
    assert.ok(
      growth < 24 * 1_048_576,
      `grew by ${Math.round(growth / 1_048_576)} MB: ${used.map((bytes) => Math.round(bytes / 1_048_576)).join(', ')} MB`,
    );
    history.end();
    const { report, series } = judge({ history, ledger: new Ledger(), problems: [] });
    assert.equal(report.totals.attempts > 80_000_000, true);
    assert.equal(report.recoveries.count, hours);
    assert.ok(series.at.length <= 1_500);
  });
});
