import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Report } from '@encore/contracts';
import { encodeLine } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { historyFile, ledgerFile } from './judge/run-folder.ts';
import { writeResults } from './run/phases/write-results.ts';
import { plannedFault } from './testing/simulated-fault.ts';
import { SimulatedRun } from './testing/simulated-run.ts';
import { writeRunFolder } from './testing/simulated-run-folder.ts';
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

  async function verified(): Promise<{ exitCode: number; said: string }> {
    let said = '';
    const exitCode = await verify(folder, reportPath, (text) => {
      said += `${text}\n`;
    });
    return { exitCode, said };
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

  it('says what it read, and that the report says the same', async () => {
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 0, said);
    const lines = (await readFile(join(folder, historyFile), 'utf8')).trimEnd().split('\n').length;
    assert.match(said, /computed anew, from these files of production_test_20260101_120000 alone/);
    assert.match(said, /plan\.json +1 fault\n/);
    assert.match(said, new RegExp(`history\\.ndjson +${lines.toLocaleString('en-US')} lines, \\S+ events\n`));
    assert.match(said, /ledger\.ndjson +600 lines, 600 entries\n/);
    assert.match(
      said,
      /production_test_20260101_120000\.json says the same, figure by figure\. Its views .* were not read\.\n$/,
    );
  });

  it('comes to the same verdict without the report, and says that there was none', async () => {
    const { said: before } = await verified();
    await rm(reportPath);
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 0, said);
    const there = 'There is no production_test_20260101_120000.json to compare this with.';
    assert.equal(said, before.replace(/^.* says the same.*$/m, there));
    assert.ok(!(await readdir(home)).includes(basename(reportPath)), 'it writes nothing');
  });

  const contradictions: [string, (report: Report) => void, RegExp][] = [
    [
      'verdict',
      (report) => {
        report.result = 'FAILED';
      },
      /^ {2}result: "FAILED" there, "PASSED" by the files$/m,
    ],
    [
      'rule',
      (report) => {
        const rule = report.thresholds.find(({ name }) => name === 'lost_writes');
        if (rule) rule.ok = false;
      },
      /^ {2}thresholds\.lost_writes\.ok: false there, true by the files$/m,
    ],
    ['reason', (report) => report.reasons.push('x'), /^ {2}reasons\.0: "x" there, nothing by the files$/m],
    [
      'figure',
      (report) => {
        report.integrity.acknowledged = 7;
      },
      /^ {2}integrity\.acknowledged: 7 there, 200 by the files$/m,
    ],
  ];
  for (const [what, change, expected] of contradictions) {
    it(`names a ${what} of the report that is another, and does not end as the verdict would`, async () => {
      await changeReport(change);
      const { exitCode, said } = await verified();
      assert.equal(exitCode, 4, said);
      assert.match(said, /^Result: PASSED$/m);
      assert.match(said, expected);
    });
  }

  it('refuses to compare a report of another schema version, in one sentence', async () => {
    await changeReport((report) => Object.assign(report, { schema_version: 1, totals: {} }));
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 4);
    assert.match(said, /it has schema_version 1, this version of Encore compares 2 only/);
    assert.doesNotMatch(said, /totals/);
  });

  it('does not believe a report that is none', async () => {
    await writeFile(reportPath, '{"result":');
    assert.equal((await verified()).exitCode, 4);
    await rm(reportPath);
    await mkdir(reportPath);
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 4);
    assert.match(said, /it cannot be read: /);
  });

  it('does not say PASSED without the read-back line of one score, though the report does, and with the report gone', async () => {
    await changeFile(ledgerFile, (lines) => lines.toSpliced(500, 1));
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 4);
    assert.match(said, /^Result: INCONCLUSIVE$/m);
    assert.match(said, /ledger\.ndjson line 501: found number 502, expected 501/);
    assert.match(said, /ledger\.ndjson +599 lines, 599 entries\n/);
    assert.match(said, /result: "PASSED" there, "INCONCLUSIVE" by the files/);
    await rm(reportPath);
    assert.equal((await verified()).exitCode, 2);
  });

  it('does not believe the ledger of another run', async () => {
    const other = (await readFile(join(folder, ledgerFile), 'utf8')).trimEnd().split('\n');
    const foreign = other.map((line) => {
      const { crc: _, ...entry } = JSON.parse(line);
      return encodeLine({ ...entry, scoreId: entry.scoreId.replace(/^run-/, 'another-') });
    });
    await writeFile(join(folder, ledgerFile), `${foreign.join('\n')}\n`);
    await rm(reportPath);
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 2);
    assert.match(said, /the ledger tells of scores of another run, another/);
  });

  it('says which file is not there', async () => {
    await rm(join(folder, ledgerFile));
    const { exitCode, said } = await verified();
    assert.equal(exitCode, 4);
    assert.match(said, /ledger\.ndjson +is not there\n/);
  });
});
