import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { diskCheck, problemsOfResults } from './folder-checks.ts';

describe('the folders of a run', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-folders-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('have room or not by the length of the run', async () => {
    assert.notEqual((await diskCheck('disk', folder, 0.05)).state, 'fail');
    assert.equal((await diskCheck('disk', folder, 24 * 1_000_000)).state, 'warn');
  });

  it('are made where they are not there', async () => {
    assert.deepEqual(await problemsOfResults(join(folder, 'a', 'results'), 0.05), []);
  });

  it('refuse a run in one line each, with what to do', async () => {
    writeFileSync(join(folder, 'STOP'), '');
    assert.deepEqual(await problemsOfResults(folder, 0.05), [
      `stop file: ${join(folder, 'STOP')} is there; somebody stopped the runs with it; delete it to allow them`,
    ]);
    for (const path of [join(folder, 'STOP'), join(folder, 'STOP', 'below')])
      assert.deepEqual(await problemsOfResults(path, 0.05), [
        `disk for the results: ${path} is a file, or lies below one; make it a folder that you can write`,
      ]);
  });
});
