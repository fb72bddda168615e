import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { canonicalJson } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { writeRunFolder } from '../testing/simulated-run-folder.ts';
import { judge } from './judge.ts';
import { historyFile, ledgerFile, planFile, readRunFolder } from './run-folder.ts';

const run = new SimulatedRun({
  faults: [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 30 })],
  rampSeconds: 5,
  steadySeconds: 60,
});

describe('run folder', () => {
  let folder = '';
  let lines: string[] = [];
  beforeEach(async () => {
    ({ folder, lines } = await writeRunFolder(run));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function reportOf(history: string): Promise<Report> {
    await writeFile(join(folder, historyFile), history);
    return (await judge(await readRunFolder(folder))).report;
  }

  it('gives the verdict of the files alone', async () => {
    const report = await reportOf(`${lines.join('\n')}\n`);
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });

  it('drops a torn last line and notes it', async () => {
    const report = await reportOf(`${lines.join('\n')}\n{"crc":"00`);
    assert.equal(report.result, 'PASSED');
    assert.ok(report.warnings.includes('history.ndjson: the last line is torn and was left out'));
  });

  const damages: [string, (lines: string[]) => string[], RegExp][] = [
    ['a missing line', (all) => all.toSpliced(40, 1), /line 41: number 42 stands where 41 should/],
    ['a repeated line', (all) => all.toSpliced(40, 0, all[39] ?? ''), /line 41: number 40 stands where 41 should/],
    [
      "two lines in each other's place",
      (all) => all.toSpliced(40, 2, all[41] ?? '', all[40] ?? ''),
      /number 42 stands where 41 should/,
    ],
    [
      'a changed figure',
      (all) => all.map((line) => line.replace('"outcome":"refused"', '"outcome":"ok"')),
      /wrong CRC/,
    ],
    ['a torn line in the middle', (all) => all.toSpliced(40, 1, (all[40] ?? '').slice(0, 20)), /line 41: no JSON/],
    ['a missing first line', (all) => all.slice(1), /line 1: number 2 stands where 1 should/],
  ];
  for (const [name, damage, reason] of damages) {
    it(`notices ${name}, and does not pass`, async () => {
      const damaged = damage(lines);
      assert.ok(damaged.join() !== lines.join(), 'the damage was done');
      const report = await reportOf(`${damaged.join('\n')}\n`);
      assert.notEqual(report.result, 'PASSED');
      assert.match(report.reasons.join('\n'), reason);
    });
  }

  it('accuses no hand of an act whose explanation was cut off with the end', async () => {
    const restart = lines.findIndex((line) => line.includes('"reason":"verify"'));
    for (let length = restart - 2; length < lines.length; length += 1) {
      const report = await reportOf(`${lines.slice(0, length).join('\n')}\n`);
      assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
      assert.deepEqual(report.manual_interventions, []);
    }
    const report = await reportOf(`${lines.toSpliced(restart, 1).join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
  });

  it('notices a plan that was changed, and a ledger that is gone', async () => {
    await writeFile(join(folder, planFile), JSON.stringify({ ...run.plan, steadySeconds: 61 }));
    await rm(join(folder, ledgerFile));
    const report = await reportOf(`${lines.join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /plan\.json: its hash is not that of its content/);
    assert.match(report.reasons.join('\n'), /the ledger is empty/);
    await mkdir(join(folder, ledgerFile));
    assert.match((await reportOf(`${lines.join('\n')}\n`)).reasons.join('\n'), /ledger\.ndjson cannot be read/);
  });

  it('calls a run that was stopped before the first load interrupted, though it has no ledger and no word of the generator', async () => {
    const early = new SimulatedRun({ interruptedAfter: 0, faults: [] });
    const seen = new Set(['run_started', 'phase_entered', 'stop_requested', 'hygiene_checked', 'run_ended']);
    const all = [...early.events()];
    early.events = function* () {
      yield* all.filter(({ type }) => seen.has(type));
    };
    const history: string[] = [];
    for await (const line of early.history()) history.push(canonicalJson(line));
    await writeFile(join(folder, planFile), JSON.stringify(early.plan));
    await rm(join(folder, ledgerFile));
    const report = await reportOf(`${history.join('\n')}\n`);
    assert.equal(report.result, 'INTERRUPTED', report.reasons.join('\n'));
  });

  it('refuses a folder without a run, and says what is missing', async () => {
    await assert.rejects(readRunFolder(folder), /history\.ndjson cannot be read/);
    await assert.rejects(readRunFolder(join(folder, 'nowhere')), /plan\.json holds no plan/);
  });
});
