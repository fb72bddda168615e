import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runCommand } from '../../../../test/support/command.ts';
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

  it('refuse a run of a user who may not write them', async () => {
    const results = join(folder, 'results');
    mkdirSync(results, { mode: 0o555 });
    chmodSync(folder, 0o555);
    const file = join(import.meta.dirname, 'folder-checks.ts');
    const script = `const { problemsOfResults } = await import(process.argv[1]);
      console.log((await problemsOfResults(process.argv[2], 0.05)).join());`;
    // Root writes everywhere.
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    try {
      for (const path of [results, join(folder, 'new')]) {
        const args = ['--input-type=module', '-e', script, file, path];
        const { stdout, stderr } = await runCommand(process.execPath, args, { timeoutMs: 30_000, ...uid });
        assert.equal(
          stdout,
          `disk for the results: ${path} cannot be written by you (EACCES); make it a folder that you can write\n`,
          stderr,
        );
      }
    } finally {
      chmodSync(folder, 0o755);
    }
  }).timeout(60_000);
});
