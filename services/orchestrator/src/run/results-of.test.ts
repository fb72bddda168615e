import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readWiring } from '../config.ts';
import { folderOf, folderToReport, reportPathOf } from './results-of.ts';

describe('the folder that a person means', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-results-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const wiring = () =>
    readWiring({
      ENCORE_RUNS_DIR: join(folder, 'runs'),
      ENCORE_RESULTS_DIR: join(folder, 'results'),
    });
  const runAt = (...path: string[]): string => {
    const place = join(folder, ...path);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'plan.json'), '{}');
    return place;
  };

  it('is the one at that path, or the recorded run of that id', () => {
    const there = runAt('elsewhere', 'production_test_20260101_120000');
    assert.equal(folderOf(`${there}/`, wiring()), there);
    const recorded = runAt('runs', 'r20260101_120000');
    assert.equal(folderOf('r20260101_120000', wiring()), recorded);
  });

  it('has its report beside the results, also when it is the recorded run that is meant', () => {
    const there = runAt('elsewhere', 'production_test_20260101_120000');
    assert.equal(reportPathOf(there, wiring()), `${there}.json`);
    const recorded = runAt('runs', 'r20260101_120000');
    assert.equal(reportPathOf(recorded, wiring()), join(folder, 'results', 'production_test_20260101_120000.json'));
  });

  it('is said to be missing, or to hold no run, with one that would be right', () => {
    assert.throws(() => folderOf('/nope', wiring()), {
      code: 'NO_SUCH_RUN',
      message:
        '/nope: there is no such run folder; give the folder beside its report, such as ' +
        join(folder, 'results', 'production_test_20260101_120000'),
    });
    runAt('results', 'production_test_20260202_000000');
    runAt('results', 'production_test_20260203_000000');
    assert.throws(
      () => folderOf('/nope', wiring()),
      /such as .*results\/production_test_20260203_000000 \(the last one there\)/,
    );
    assert.throws(() => folderOf(folder, wiring()), /is not the folder of a run: there is no plan\.json in it/);
  });

  it('is the run that began last where none is named, whatever time zone gave it its name', () => {
    const beginAt = (name: string, at: number): string => {
      const place = runAt('runs', name);
      writeFileSync(join(place, 'history.ndjson'), `{"crc":"0","event":{"at":${at},"type":"run_started"},"seq":1}\n`);
      return place;
    };
    const last = beginAt('r20260101_030000', 2_000);
    beginAt('r20260101_120000', 1_000);
    assert.equal(folderToReport('', wiring()), last);
    rmSync(join(folder, 'runs'), { recursive: true });
    assert.throws(() => folderToReport('', wiring()), /no run was recorded in .*runs/);
  });
});
