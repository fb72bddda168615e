import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { keepLogs, resultFolders } from './keep-logs.ts';

describe('logs of a lab', () => {
  let folder = '';
  const path = (...names: string[]) => join(folder, ...names);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-logs-'));
    for (const name of ['logs', 'results', 'results/production_test_1']) mkdirSync(path(name));
    writeFileSync(path('logs', 'server.log'), 'said');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('go beside the report of the run that was made', () => {
    const before = resultFolders(path('results'));
    mkdirSync(path('results', 'production_test_2'));
    keepLogs(path('logs'), path('results'), before, path('other'));
    assert.equal(readFileSync(path('results', 'production_test_2', 'logs', 'server.log'), 'utf8'), 'said');
    assert.deepEqual(readdirSync(path('results', 'production_test_1')), []);
  });

  it('go to the cache, in place of the last ones, when there was no run', () => {
    mkdirSync(path('other'));
    writeFileSync(path('other', 'old.log'), '');
    const before = resultFolders(path('results'));
    assert.equal(keepLogs(path('logs'), path('results'), before, path('other')), path('other'));
    assert.deepEqual(readdirSync(path('other')), ['server.log']);
    assert.deepEqual([...resultFolders('/nowhere')], []);
  });
});
