import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Report } from '@encore/contracts';
import { encodeLine } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { historyFile, ledgerFile } from '../judge/read/run-folder.ts';
import { writeResults } from '../run/results/write-results.ts';
import { plannedFault } from '../testing/simulated-fault.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { writeRunFolder } from '../testing/simulated-run-folder.ts';
import { verify } from './verify.ts';

const run = new SimulatedRun({
  faults: [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 30 })],
  rampSeconds: 5,
  steadySeconds: 60,
});

describe('verify', () => {
  let home = '';
  let folder = '';
  let reportPath = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'encore-verify-'));
    const written = await writeRunFolder(run);
    folder = join(home, 'production_test_20260101_120000');
    await rename(written.folder, folder);
    await writeFile(join(folder, historyFile), `${written.lines.join('\n')}\n`);
    await writeResults(folder);
    reportPath = `${folder}.json`;
  });
  afterEach(() => rm(home, { recursive: true }));

  async function verified(): Promise<{ exitCode: number; output: string }> {
    let output = '';
    const exitCode = await verify(folder, reportPath, (text) => {
      output += `${text}\n`;
    });
    return { exitCode, output };
  }

  async function changeReport(change: (report: Report) => void): Promise<void> {
    const report = JSON.parse(await readFile(reportPath, 'utf8'));
    change(report);
    await writeFile(reportPath, JSON.stringify(report));
  }

  async function changeFile(name: string, change: (lines: string[]) => string[]): Promise<void> {
    const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
    await writeFile(join(folder, name), `${change(lines).join('\n')}\n`);
  }

  it('lists its input, and confirms that the report matches', async () => {
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 0, output);
    const lines = (await readFile(join(folder, historyFile), 'utf8')).trimEnd().split('\n').length;
    assert.match(output, /recomputed from these files of production_test_20260101_120000 alone/);
    assert.match(output, /plan\.json +1 fault\n/);
    assert.match(output, new RegExp(`history\\.ndjson +${lines.toLocaleString('en-US')} lines, \\S+ events\n`));
    assert.match(output, /ledger\.ndjson +600 lines, 600 entries\n/);
    assert.match(
      output,
      /production_test_20260101_120000\.json matches in every figure\. The other formats .* were not compared\.\n$/,
    );
  });

  it('computes the same verdict without a report', async () => {
    const { output: before } = await verified();
    await rm(reportPath);
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 0, output);
    const there = 'There is no production_test_20260101_120000.json to compare with.';
    assert.equal(output, before.replace(/^.* matches in every figure.*$/m, there));
    assert.ok(!(await readdir(home)).includes(basename(reportPath)), 'it writes nothing');
  });

  const contradictions: [string, (report: Report) => void, RegExp][] = [
    [
      'verdict',
      (report) => {
        report.result = 'FAILED';
      },
      /^ {2}result: "FAILED", but "PASSED" from the files$/m,
    ],
    [
      'rule',
      (report) => {
        const rule = report.thresholds.find(({ name }) => name === 'lost_writes');
        if (rule) rule.ok = false;
      },
      /^ {2}thresholds\.lost_writes\.ok: false, but true from the files$/m,
    ],
    ['reason', (report) => report.reasons.push('x'), /^ {2}reasons\.0: "x", but nothing from the files$/m],
    [
      'figure',
      (report) => {
        report.integrity.acknowledged = 7;
      },
      /^ {2}integrity\.acknowledged: 7, but 200 from the files$/m,
    ],
  ];
  for (const [what, change, expected] of contradictions) {
    it(`names a ${what} that differs, and exits with its own code`, async () => {
      await changeReport(change);
      const { exitCode, output } = await verified();
      assert.equal(exitCode, 4, output);
      assert.match(output, /^Result: PASSED$/m);
      assert.match(output, expected);
    });
  }

  it('does not compare a report of another schema version', async () => {
    await changeReport((report) => Object.assign(report, { schema_version: 1, totals: {} }));
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 4);
    assert.match(output, /it has schema_version 1, but this version of Encore compares only 3\. Run encore report/);
    assert.doesNotMatch(output, /totals/);
  });

  it('does not accept an unreadable report', async () => {
    await writeFile(reportPath, '{"result":');
    assert.equal((await verified()).exitCode, 4);
    await rm(reportPath);
    await mkdir(reportPath);
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 4);
    assert.match(output, /it cannot be read: /);
  });

  it('is INCONCLUSIVE without the read-back line of one score, whatever the report states', async () => {
    await changeFile(ledgerFile, (lines) => lines.toSpliced(500, 1));
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 4);
    assert.match(output, /^Result: INCONCLUSIVE$/m);
    assert.match(output, /ledger\.ndjson line 501: found number 502, expected 501/);
    assert.match(output, /ledger\.ndjson +599 lines, 599 entries\n/);
    assert.match(output, /result: "PASSED", but "INCONCLUSIVE" from the files/);
    await rm(reportPath);
    assert.equal((await verified()).exitCode, 2);
  });

  it('does not accept the ledger of another run', async () => {
    const other = (await readFile(join(folder, ledgerFile), 'utf8')).trimEnd().split('\n');
    const foreign = other.map((line) => {
      const { crc: _, ...entry } = JSON.parse(line);
      return encodeLine({ ...entry, id: entry.id.replace(/^run-/, 'another-') });
    });
    await writeFile(join(folder, ledgerFile), `${foreign.join('\n')}\n`);
    await rm(reportPath);
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 2);
    assert.match(output, /the ledger contains objects of another run, another/);
  });

  it('names a missing file', async () => {
    await rm(join(folder, ledgerFile));
    const { exitCode, output } = await verified();
    assert.equal(exitCode, 4);
    assert.match(output, /ledger\.ndjson +missing\n/);
  });
});
