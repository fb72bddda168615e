import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readWiring } from '../../config.ts';
import { folderOf, folderToReport, reportPathOf } from './find-run.ts';

describe('find-run', () => {
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

  it('finds a folder by path or run id', () => {
    const there = runAt('elsewhere', 'production_test_20260101_120000');
    assert.equal(folderOf(`${there}/`, wiring()), there);
    const recorded = runAt('runs', 'r20260101_120000');
    assert.equal(folderOf('r20260101_120000', wiring()), recorded);
  });

  it('locates the report next to the results, even for a recorded run', () => {
    const there = runAt('elsewhere', 'production_test_20260101_120000');
    assert.equal(reportPathOf(there, wiring()), `${there}.json`);
    const recorded = runAt('runs', 'r20260101_120000');
    assert.equal(reportPathOf(recorded, wiring()), join(folder, 'results', 'production_test_20260101_120000.json'));
  });

  it('reports a missing folder or one without a run, with an example', () => {
    assert.throws(() => folderOf('/nope', wiring()), {
      code: 'NO_SUCH_RUN',
      message:
        '/nope: no such run folder; pass the folder next to a report, such as ' +
        join(folder, 'results', 'production_test_20260101_120000'),
    });
    runAt('results', 'production_test_20260202_000000');
    runAt('results', 'production_test_20260203_000000');
    assert.throws(
      () => folderOf('/nope', wiring()),
      /such as .*results\/production_test_20260203_000000 \(the last one there\)/,
    );
    assert.throws(() => folderOf(folder, wiring()), /not the folder of a run: it contains no plan\.json/);
  });

  it('finds the run that started last by default, regardless of the time zone in its name', () => {
    const beginAt = (name: string, at: number): string => {
      const place = runAt('runs', name);
      writeFileSync(join(place, 'history.ndjson'), `{"crc":"0","event":{"at":${at},"type":"run_started"},"seq":1}\n`);
      return place;
    };
    const last = beginAt('r20260101_030000', 2_000);
    beginAt('r20260101_120000', 1_000);
    assert.equal(folderToReport('', wiring()), last);
    rmSync(join(folder, 'runs'), { recursive: true });
    assert.throws(() => folderToReport('', wiring()), /no recorded run in .*runs/);
    const named = { ...wiring(), runsName: 'the volume encore_runs' };
    assert.throws(() => folderToReport('', named), /no recorded run in the volume encore_runs; start/);
  });
});
