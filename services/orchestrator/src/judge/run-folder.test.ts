import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { canonicalJson, encodeLine } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { writeRunFolder } from '../testing/simulated-run-folder.ts';
import { judge } from './judge.ts';
import { historyFile, latencyFile, ledgerFile, planFile, readRunFolder } from './run-folder.ts';

const run = new SimulatedRun({
  faults: [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 30 })],
  rampSeconds: 5,
  steadySeconds: 60,
});

describe('run folder', () => {
  let folder = '';
  let lines: string[] = [];
  let ledger: string[] = [];
  beforeEach(async () => {
    ({ folder, lines } = await writeRunFolder(run));
    ledger = (await readFile(join(folder, ledgerFile), 'utf8')).trimEnd().split('\n');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function reportOf(history: string): Promise<Report> {
    await writeFile(join(folder, historyFile), history);
    return (await judge(await readRunFolder(folder))).report;
  }

  async function reportOfLedger(text: string): Promise<Report> {
    await writeFile(join(folder, ledgerFile), text);
    return reportOf(`${lines.join('\n')}\n`);
  }

  it('gives the verdict of the files alone', async () => {
    const report = await reportOf(`${lines.join('\n')}\n`);
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });

  it('drops a torn last line and notes it', async () => {
    const report = await reportOf(`${lines.join('\n')}\n{"crc":"00`);
    assert.equal(report.result, 'PASSED');
    assert.ok(report.warnings.includes('history.ndjson: the last line is torn and was left out'));
    const ofLedger = await reportOfLedger(`${ledger.join('\n')}\n{"crc":"00`);
    assert.equal(ofLedger.result, 'PASSED');
    assert.ok(ofLedger.warnings.includes('ledger.ndjson: the last line is torn and was left out'));
  });

  const damages: [string, (lines: string[]) => string[], RegExp][] = [
    ['a missing line', (all) => all.toSpliced(40, 1), /line 41: found number 42, expected 41/],
    ['a repeated line', (all) => all.toSpliced(40, 0, all[39] ?? ''), /line 41: found number 40, expected 41/],
    [
      "two lines in each other's place",
      (all) => all.toSpliced(40, 2, all[41] ?? '', all[40] ?? ''),
      /found number 42, expected 41/,
    ],
    [
      'a changed figure',
      (all) => all.map((line) => line.replace('"outcome":"refused"', '"outcome":"ok"')),
      /wrong CRC/,
    ],
    [
      'a torn line in the middle',
      (all) => all.toSpliced(40, 1, (all[40] ?? '').slice(0, 20)),
      /line 41: not valid JSON/,
    ],
    ['a missing first line', (all) => all.slice(1), /line 1: found number 2, expected 1/],
    ['a last line that is whole and was changed', (all) => changeLast(all), /line \d+: wrong CRC/],
    ['a last line that stands twice', (all) => [...all, all.at(-1) ?? ''], /line (\d+): found number \d+, expected \1/],
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

  /** Of each, the counts of the read-back agree with the ledger still. */
  const ledgerDamages: [string, (lines: string[]) => string[], RegExp][] = [
    [
      'one sign of a value changed',
      (all) => all.with(40, (all[40] ?? '').replace('"operation":"create"', '"operation":"creatf"')),
      /ledger\.ndjson line 41: wrong CRC: recorded [0-9a-f]{8}, computed [0-9a-f]{8}/,
    ],
    [
      'a line of its middle removed',
      (all) => all.toSpliced(40, 1),
      /ledger\.ndjson line 41: found number 42, expected 41/,
    ],
    [
      "two lines in each other's place",
      (all) => all.toSpliced(40, 2, all[41] ?? '', all[40] ?? ''),
      /ledger\.ndjson line 41: found number 42, expected 41/,
    ],
    [
      'a line twice',
      (all) => all.toSpliced(41, 0, all[40] ?? ''),
      /ledger\.ndjson line 42: found number 41, expected 42/,
    ],
    [
      'a member that nobody knows',
      (all) => all.with(40, encodeLine({ ...unsealed(all[40]), colour: 'red' })),
      /ledger\.ndjson line 41: .*colour/,
    ],
    [
      'a last line that stands twice',
      (all) => [...all, all.at(-1) ?? ''],
      /ledger\.ndjson line 601: found number 600, expected 601/,
    ],
    [
      'a line more, whole and changed, at its end',
      (all) => [...all, ...changeLast([encodeLine({ ...unsealed(all.at(-1)), n: 601 })])],
      /ledger\.ndjson line 601: wrong CRC/,
    ],
    [
      'no numbers and no checksums',
      (all) => all.map((line) => line.replace(/"crc":"\w+",|,"n":\d+/g, '')),
      /ledger\.ndjson line 1: no CRC at the start of the line, as an earlier version of Encore wrote the ledger/,
    ],
  ];
  for (const [name, damage, reason] of ledgerDamages) {
    it(`notices a ledger with ${name}, and does not pass`, async () => {
      const damaged = damage(ledger);
      assert.ok(damaged.join() !== ledger.join(), 'the damage was done');
      const report = await reportOfLedger(`${damaged.join('\n')}\n`);
      assert.equal(report.result, 'INCONCLUSIVE');
      assert.match(report.reasons.join('\n'), reason);
      assert.ok((report.reasons.join('\n').match(/ line \d+: /g)?.length ?? 0) <= 2, 'it is said once');
    });
  }

  it('counts what a repeated line says once', async () => {
    const failed = lines.findIndex((line) => line.includes('"type":"load_second"') && line.includes('"failed":'));
    const whole = await reportOf(`${lines.join('\n')}\n`);
    const repeated = await reportOf(`${lines.toSpliced(failed, 0, lines[failed] ?? '').join('\n')}\n`);
    assert.deepEqual(repeated.totals, whole.totals);
    assert.match(repeated.reasons.join('\n'), /history\.ndjson line \d+: found number \d+.*; repeats an earlier line/);
    const moved = lines.toSpliced(failed, 1).toSpliced(failed + 5, 0, lines[failed] ?? '');
    assert.deepEqual((await reportOf(`${moved.join('\n')}\n`)).totals, whole.totals, 'a moved line counts');
  });

  it('does not pass with a latency log that is gone, cut or changed, and names its place', async () => {
    const path = join(folder, latencyFile);
    const log = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const reasons = async (): Promise<string> => {
      const { result, reasons } = await reportOf(`${lines.join('\n')}\n`);
      assert.equal(result, 'INCONCLUSIVE');
      return reasons.join('\n');
    };
    await writeFile(path, `${log.toSpliced(3, 1).join('\n')}\n`);
    assert.match(await reasons(), /latency\.hlog: \w+\.ok\.\w+: it holds 500 right answers, .* summed up 1000/);
    await writeFile(path, `${log.with(3, 'nonsense').join('\n')}\n`);
    assert.match(await reasons(), /latency\.hlog line 4: no interval line/);
    await rm(path);
    assert.match(await reasons(), /latency\.hlog: create\.ok\.response: it holds 0 right answers/);
  });

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
    assert.match(report.reasons.join('\n'), /no entry of the ledger counts/);
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

  it('does not call a run interrupted whose users were answered and whose ledger is gone', async () => {
    const cut = new SimulatedRun({ interruptedAfter: 100, faults: [] });
    const history: string[] = [];
    for await (const line of cut.history()) history.push(canonicalJson(line));
    await writeFile(join(folder, planFile), JSON.stringify(cut.plan));
    await rm(join(folder, ledgerFile));
    const report = await reportOf(`${history.join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /\d scores were created, and no entry of the ledger counts/);
  });

  it('refuses a folder without a run, and says what is missing', async () => {
    await assert.rejects(readRunFolder(folder), /history\.ndjson cannot be read/);
    await assert.rejects(readRunFolder(join(folder, 'nowhere')), /plan\.json holds no plan/);
  });
});

function changeLast(lines: readonly string[]): string[] {
  return lines.with(-1, (lines.at(-1) ?? '').replace(/"at":\d/, '"at":7'));
}

function unsealed(line = '{}'): Record<string, unknown> {
  const { crc: _, ...members } = JSON.parse(line);
  return members;
}
