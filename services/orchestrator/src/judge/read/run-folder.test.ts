import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { canonicalJson, encodeLine } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { writeRunFolder } from '../../testing/simulated-run-folder.ts';
import { judge } from '../judge.ts';
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

  it('yields the verdict from the files alone', async () => {
    const report = await reportOf(`${lines.join('\n')}\n`);
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });

  it('skips and notes a truncated last line', async () => {
    const report = await reportOf(`${lines.join('\n')}\n{"crc":"00`);
    assert.equal(report.result, 'PASSED');
    assert.ok(report.warnings.includes('history.ndjson: skipped the truncated last line'));
    const ofLedger = await reportOfLedger(`${ledger.join('\n')}\n{"crc":"00`);
    assert.equal(ofLedger.result, 'PASSED');
    assert.ok(ofLedger.warnings.includes('ledger.ndjson: skipped the truncated last line'));
  });

  const damages: [string, (lines: string[]) => string[], RegExp][] = [
    ['a missing line', (all) => all.toSpliced(40, 1), /line 41: found number 42, expected 41/],
    ['a repeated line', (all) => all.toSpliced(40, 0, all[39] ?? ''), /line 41: found number 40, expected 41/],
    ['two swapped lines', (all) => all.toSpliced(40, 2, all[41] ?? '', all[40] ?? ''), /found number 42, expected 41/],
    [
      'a changed figure',
      (all) => all.map((line) => line.replace('"outcome":"refused"', '"outcome":"ok"')),
      /wrong CRC/,
    ],
    [
      'a truncated line in the middle',
      (all) => all.toSpliced(40, 1, (all[40] ?? '').slice(0, 20)),
      /line 41: not valid JSON/,
    ],
    ['a missing first line', (all) => all.slice(1), /line 1: found number 2, expected 1/],
    ['a changed last line', (all) => changeLast(all), /line \d+: wrong CRC/],
    ['a repeated last line', (all) => [...all, all.at(-1) ?? ''], /line (\d+): found number \d+, expected \1/],
  ];
  for (const [name, damage, reason] of damages) {
    it(`detects ${name} and does not pass`, async () => {
      const damaged = damage(lines);
      assert.ok(damaged.join() !== lines.join(), 'the damage was done');
      const report = await reportOf(`${damaged.join('\n')}\n`);
      assert.notEqual(report.result, 'PASSED');
      assert.match(report.reasons.join('\n'), reason);
    });
  }

  /** With each of these the ledger still has the counts of the read-back. */
  const ledgerDamages: [string, (lines: string[]) => string[], RegExp][] = [
    [
      'a changed character',
      (all) => all.with(40, (all[40] ?? '').replace('"operation":"write"', '"operation":"writf"')),
      /ledger\.ndjson line 41: wrong CRC: recorded [0-9a-f]{8}, computed [0-9a-f]{8}/,
    ],
    ['a missing line', (all) => all.toSpliced(40, 1), /ledger\.ndjson line 41: found number 42, expected 41/],
    [
      'two swapped lines',
      (all) => all.toSpliced(40, 2, all[41] ?? '', all[40] ?? ''),
      /ledger\.ndjson line 41: found number 42, expected 41/,
    ],
    [
      'a repeated line',
      (all) => all.toSpliced(41, 0, all[40] ?? ''),
      /ledger\.ndjson line 42: found number 41, expected 42/,
    ],
    [
      'an unknown member',
      (all) => all.with(40, encodeLine({ ...withoutChecksum(all[40]), colour: 'red' })),
      /ledger\.ndjson line 41: .*colour/,
    ],
    [
      'a repeated last line',
      (all) => [...all, all.at(-1) ?? ''],
      /ledger\.ndjson line 601: found number 600, expected 601/,
    ],
    [
      'an additional, changed line at the end',
      (all) => [...all, ...changeLast([encodeLine({ ...withoutChecksum(all.at(-1)), n: 601 })])],
      /ledger\.ndjson line 601: wrong CRC/,
    ],
    [
      'neither numbers nor checksums',
      (all) => all.map((line) => line.replace(/"crc":"\w+",|,"n":\d+/g, '')),
      /ledger\.ndjson line 1: no CRC at the start of the line; without checksums/,
    ],
  ];
  for (const [name, damage, reason] of ledgerDamages) {
    it(`detects a ledger with ${name} and does not pass`, async () => {
      const damaged = damage(ledger);
      assert.ok(damaged.join() !== ledger.join(), 'the damage was done');
      const report = await reportOfLedger(`${damaged.join('\n')}\n`);
      assert.equal(report.result, 'INCONCLUSIVE');
      assert.match(report.reasons.join('\n'), reason);
      assert.ok((report.reasons.join('\n').match(/ line \d+: /g)?.length ?? 0) <= 2, 'reported once');
    });
  }

  it('counts a repeated line once', async () => {
    const failed = lines.findIndex((line) => line.includes('"type":"load_second"') && line.includes('"failed":'));
    const whole = await reportOf(`${lines.join('\n')}\n`);
    const repeated = await reportOf(`${lines.toSpliced(failed, 0, lines[failed] ?? '').join('\n')}\n`);
    assert.deepEqual(repeated.totals, whole.totals);
    assert.match(repeated.reasons.join('\n'), /history\.ndjson line \d+: found number \d+.*; repeats an earlier line/);
    const moved = lines.toSpliced(failed, 1).toSpliced(failed + 5, 0, lines[failed] ?? '');
    assert.deepEqual((await reportOf(`${moved.join('\n')}\n`)).totals, whole.totals, 'a moved line counts');
  });

  it('does not pass with a missing, shortened or changed latency log', async () => {
    const path = join(folder, latencyFile);
    const log = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const reasons = async (): Promise<string> => {
      const { result, reasons } = await reportOf(`${lines.join('\n')}\n`);
      assert.equal(result, 'INCONCLUSIVE');
      return reasons.join('\n');
    };
    await writeFile(path, `${log.toSpliced(3, 1).join('\n')}\n`);
    assert.match(await reasons(), /latency\.hlog: \w+\.ok\.\w+ has 500 values, but the load generator reported 1000/);
    await writeFile(path, `${log.with(3, 'nonsense').join('\n')}\n`);
    assert.match(await reasons(), /latency\.hlog line 4: expected an interval line/);
    await rm(path);
    assert.match(await reasons(), /latency\.hlog: create\.ok\.response has 0 values/);
  });

  it('reports no intervention whose explanation may be missing with the end of the history', async () => {
    const restart = lines.findIndex((line) => line.includes('"reason":"read-back"'));
    for (let length = restart - 2; length < lines.length; length += 1) {
      const report = await reportOf(`${lines.slice(0, length).join('\n')}\n`);
      assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
      assert.deepEqual(report.manual_interventions, []);
    }
    const report = await reportOf(`${lines.toSpliced(restart, 1).join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE', report.reasons.join('\n'));
  });

  it('detects a changed plan and a missing ledger', async () => {
    await writeFile(join(folder, planFile), JSON.stringify({ ...run.plan, steadySeconds: 61 }));
    await rm(join(folder, ledgerFile));
    const report = await reportOf(`${lines.join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /plan\.json: its hash does not match its content/);
    assert.match(report.reasons.join('\n'), /the ledger has no valid entry/);
    await mkdir(join(folder, ledgerFile));
    assert.match((await reportOf(`${lines.join('\n')}\n`)).reasons.join('\n'), /ledger\.ndjson cannot be read/);
  });

  it('reports a run that was stopped before the load started as INTERRUPTED', async () => {
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

  it('does not report a run as INTERRUPTED if its ledger is missing', async () => {
    const cut = new SimulatedRun({ interruptedAfter: 100, faults: [] });
    const history: string[] = [];
    for await (const line of cut.history()) history.push(canonicalJson(line));
    await writeFile(join(folder, planFile), JSON.stringify(cut.plan));
    await rm(join(folder, ledgerFile));
    const report = await reportOf(`${history.join('\n')}\n`);
    assert.equal(report.result, 'INCONCLUSIVE');
    assert.match(report.reasons.join('\n'), /users performed [\d,]+ operations, but the ledger has no valid entry/);
  });

  it('rejects a folder without a run and names the missing file', async () => {
    await assert.rejects(readRunFolder(folder), /history\.ndjson cannot be read/);
    await assert.rejects(readRunFolder(join(folder, 'nowhere')), /plan\.json cannot be used: /);
  });

  it('rejects the files of another format in one sentence', async () => {
    await writeFile(join(folder, 'plan.json'), JSON.stringify({ version: 1, faults: [{ kind: 'traffic-jam' }] }));
    await assert.rejects(readRunFolder(folder), {
      message: `${join(folder, 'plan.json')} cannot be used: the run's files have format 1, and this version of Encore reads format 4 only; use the version of Encore that made them`,
    });
  });
});

function changeLast(lines: readonly string[]): string[] {
  return lines.with(-1, (lines.at(-1) ?? '').replace(/"at":\d/, '"at":7'));
}

function withoutChecksum(line = '{}'): Record<string, unknown> {
  const { crc: _, ...members } = JSON.parse(line);
  return members;
}
