import assert from 'node:assert/strict';
import type { EncoreEvent, LedgerEntry } from '@encore/contracts';
import { describe, it } from 'mocha';
import { defaultFaults, historyOf, judged, judgeStreams } from '../../testing/judged-run.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { judge } from '../judge.ts';
import { Ledger } from './integrity.ts';

describe('judge: writes', () => {
  it('fails a lost write, and does not pass one that was not read back', async () => {
    const lost = await judged({ lost: 1 });
    assert.equal(lost.report.result, 'FAILED');
    assert.ok(lost.report.reasons.includes('lost_writes: 1 (rule: count==0)'));
    const skipped = await judged({}, { entry: (entry) => entry.type !== 'read_back' || entry.key !== 'key-17' });
    assert.equal(skipped.report.result, 'INCONCLUSIVE');
    assert.equal(skipped.report.thresholds.find(({ name }) => name === 'lost_writes')?.ok, null);
    assert.ok(
      skipped.report.reasons.some((reason) => reason.includes('1 acknowledged object without a read-back line')),
    );
  });

  it('states the smallest rates that the run would have detected', async () => {
    const { report } = await judged({ acknowledged: 20 }, { entry: (entry) => retimed(entry) });
    const noteOf = (metric: string) => report.thresholds.find(({ name }) => name === metric)?.note;
    const shown = 'or more would have been detected with 95 % probability, if independent';
    // Ten of the twenty were written around the first fault; 1 - 0.05^(1/10) = 25.9 %.
    assert.equal(
      noteOf('lost_writes'),
      `0 of 10 writes in flight or acknowledged around a fault: a rate of 25.9 % ${shown}`,
    );
    assert.match(noteOf('phantom_writes') ?? '', /^0 of 20 acknowledged objects: a rate of 13\.9 % /);
    assert.match(
      noteOf('recovery_seconds') ?? '',
      /; 2 of 2 kills recovered: the failure rate is at most 77\.6 % at 95 % confidence$/,
    );
    assert.match(
      noteOf('unexpected_exits') ?? '',
      /^none in [\d.]+ h: [\d.]+ per hour or more would have been detected/,
    );
  });

  /** Writes every other object at the time of the first fault. */
  function retimed(entry: LedgerEntry): boolean {
    const [fault] = defaultFaults;
    const isAround = 'key' in entry && Number(entry.key.slice(4)) % 2 === 0;
    if (fault !== undefined && isAround) entry.at = new SimulatedRun().at(fault.atSeconds);
    return true;
  }

  const loaded = (functions: { readBack: boolean; list: boolean }): EncoreEvent => ({
    type: 'workload_loaded',
    readBackAt: 'load.mts:3:1',
    at: new SimulatedRun().at(0),
    name: 'shop',
    operations: ['look'],
    ...functions,
  });
  const rulesOf = ({ thresholds }: { thresholds: { name: string }[] }) =>
    thresholds.map(({ name }) => name).filter((name) => name.endsWith('_writes'));

  it('judges no integrity if the workload cannot read back, and lists it as not tested', async () => {
    const unread = { event: ({ type }: EncoreEvent) => type !== 'read_back_done', entry: () => false };
    const { report } = await judged({ extra: [loaded({ readBack: false, list: false })] }, unread);
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.deepEqual(rulesOf(report), []);
    assert.ok(report.not_tested.includes('integrity of what users wrote: the workload has no readBack'));
    assert.equal(report.integrity.lost, null);
  });

  it('judges everything except phantoms if the workload cannot list', async () => {
    const { report } = await judged({ extra: [loaded({ readBack: true, list: false })] });
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.deepEqual(rulesOf(report), ['lost_writes', 'corrupt_writes', 'duplicate_writes']);
    assert.ok(report.not_tested.includes('objects that nobody wrote: the workload has no list'));
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

  it('reports samples, which do not replace the final read-back', async () => {
    const { report } = await judged({ extra: [sample(20, 0), sample(60, 0)] });
    assert.equal(report.result, 'PASSED', report.reasons.join('\n'));
    assert.deepEqual([report.integrity.samples, report.integrity.sampled], [2, 100]);
    const final = (event: EncoreEvent): boolean => !(event.type === 'read_back_done' && event.final);
    const { report: unread } = await judged({ extra: [sample(20, 0)] }, { event: final });
    assert.equal(unread.result, 'INCONCLUSIVE');
  });

  it('does not pass a sample with a loss that the ledger does not show', async () => {
    const { report } = await judged({ extra: [sample(20, 1)] });
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /a read-back reported 1 lost, but the ledger shows 0/);
  });

  const withoutLines: [string, number, (entry: LedgerEntry) => boolean, RegExp][] = [
    [
      'every line of every score that is read back',
      0,
      (entry) => entry.type === 'unknown',
      /the final read-back expected 500 acknowledged objects, but the ledger shows 0/,
    ],
    [
      'every line of one score',
      0,
      (entry) => !('key' in entry && entry.key === 'key-17'),
      /the final read-back read 500 objects, but the ledger shows 499/,
    ],
    [
      'the acknowledgement of a lost score',
      1,
      (entry) => entry.type !== 'acknowledged' || entry.key !== 'key-0',
      /the final read-back expected 500 acknowledged objects, but the ledger shows 499/,
    ],
  ];
  for (const [what, lost, keep, reason] of withoutLines) {
    it(`is inconclusive about lost writes without ${what}`, async () => {
      // Deleted scores were acknowledged, too, but do not make up for missing ones.
      const deletedToo = async function* (run: SimulatedRun): AsyncGenerator<LedgerEntry> {
        for (let number = 0; number < 600; number += 1) {
          const [at, key, id] = [0, `gone-${number}`, `run-gone-${number}`];
          yield { type: 'acknowledged', at, key, id, digest: 'aa', version: 1 };
          yield { type: 'deleted', at, key, id };
        }
        for await (const entry of run.ledger()) if (keep(entry)) yield entry;
      };
      const run = new SimulatedRun({ faults: defaultFaults, acknowledged: 500, lost });
      const { report } = await judgeStreams({
        history: run.history(),
        plan: run.plan,
        ledger: deletedToo(run),
      });
      assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
      assert.match(report.reasons.join('\n'), reason);
      assert.equal(report.integrity.lost, null);
    });
  }

  it('does not pass a final read-back with unanswered writes that the ledger does not show', async () => {
    const { report } = await judged(
      {},
      {
        event: (event) => {
          if (event.type === 'read_back_done' && event.final) event.unknownPresent = 2;
          return true;
        },
      },
    );
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /reported 2 unanswered writes as present, but the ledger shows 0/);
  });

  it('is inconclusive if readBack never found an object as it was written', async () => {
    const all = { acknowledged: 20, lost: 20 };
    const { report } = await judged({ ...all, extra: [loaded({ readBack: true, list: true })] });
    assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
    assert.equal(report.integrity.lost, null);
    assert.match(
      report.reasons.join('\n'),
      /^readBack \(load\.mts:3:1\) never found an object as it was written, .*: 20 were missing and 0 different\. Read/m,
    );
    const matched: EncoreEvent = { type: 'read_back_matched', at: new SimulatedRun().at(1), id: 'run-u1-1' };
    const { report: shown } = await judged({ ...all, extra: [matched] });
    assert.deepEqual([shown.result, shown.integrity.lost], ['FAILED', 20], shown.reasons.join('\n'));
  });

  it('does not trust an intact read-back with a different hash', async () => {
    const run = new SimulatedRun({ faults: defaultFaults });
    const forged = async function* (): AsyncGenerator<LedgerEntry> {
      for await (const entry of run.ledger()) {
        yield entry.type === 'read_back' && entry.key === 'key-3' ? { ...entry, found: 'ff' } : entry;
      }
    };
    const { report } = await judgeStreams({ history: run.history(), plan: run.plan, ledger: forged() });
    assert.equal(report.integrity.corrupt, 1);
    assert.equal(report.result, 'FAILED');
  });

  it('gives the same verdict regardless of the order in which the sources arrive', async () => {
    const run = new SimulatedRun({ faults: defaultFaults });
    const events = [...run.events()];
    const ofInjector = (event: EncoreEvent): boolean =>
      event.type.startsWith('fault_') || event.type === 'engine_event';
    const late = [
      ...events.filter((event) => !ofInjector(event)).slice(0, -1),
      ...events.filter(ofInjector),
      events.at(-1),
    ].filter((event) => event !== undefined);
    // The whole journal of the injector comes last, which only a horizon as long as the run can
    // sort.
    const inOrder = await judged();
    const ledger = new Ledger();
    for await (const entry of run.ledger()) ledger.add(entry);
    const history = historyOf(run.plan, late, 3_600_000);
    assert.deepEqual(judge({ history, ledger, problems: [] }), inOrder);
  });
});
