import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runCommand } from '../../../../../test/support/command.ts';
import { diskCheck, folderChecks, problemsOfResults } from './folder-checks.ts';

describe('folderChecks', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-folders-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('compares the free space with the length of the run', async () => {
    assert.notEqual((await diskCheck('disk', folder, 0.05)).state, 'fail');
    assert.equal((await diskCheck('disk', folder, 24 * 1_000_000)).state, 'warn');
  });

  it('names the folder of the runs as the wiring does', async () => {
    const checks = await folderChecks(
      { runsDir: folder, runsName: 'the volume encore_runs', resultsDir: folder },
      0.05,
    );
    const places = checks.flatMap(({ name, found }) => (name.startsWith('disk') ? [found.replace(/^.* in /, '')] : []));
    assert.deepEqual(places, [folder, 'the volume encore_runs']);
  });

  it('creates missing folders', async () => {
    assert.deepEqual(await problemsOfResults(join(folder, 'a', 'results'), 0.05), []);
  });

  it('reports each problem in one line with a fix', async () => {
    writeFileSync(join(folder, 'STOP'), '');
    assert.deepEqual(await problemsOfResults(folder, 0.05), [
      `stop file: ${join(folder, 'STOP')} exists, which stops all runs; delete it to allow runs`,
    ]);
    for (const path of [join(folder, 'STOP'), join(folder, 'STOP', 'below')])
      assert.deepEqual(await problemsOfResults(path, 0.05), [
        `disk for the results: ${path} is a file, or is below one; make it a folder that you can write to`,
      ]);
  });

  it('rejects a folder of the kernel, links that lead nowhere and a name that is too long', async () => {
    const problem = async (path: string) => (await problemsOfResults(path, 0.05)).join();
    const link = (name: string, to: string) => {
      symlinkSync(to, join(folder, name));
      return join(folder, name);
    };
    for (const path of [link('dangling', '/no/such/folder'), link('loop', 'loop')])
      assert.match(await problem(path), /is a symbolic link that leads nowhere; make it a folder/);
    assert.match(await problem(join(folder, 'x'.repeat(300))), /has a longer name than the disk allows; make it/);
    // Node's own recursive mkdir never returns there.
    if (existsSync('/proc/self')) assert.match(await problem('/proc/nope/deep'), /is not writable \(ENOENT/);
  });

  it('rejects folders without write permission', async () => {
    const results = join(folder, 'results');
    mkdirSync(results, { mode: 0o555 });
    chmodSync(folder, 0o555);
    const file = join(import.meta.dirname, 'folder-checks.ts');
    const script = `const { problemsOfResults } = await import(process.argv[1]);
      console.log((await problemsOfResults(process.argv[2], 0.05)).join());`;
    // Root may write everywhere.
    const uid = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    try {
      for (const path of [results, join(folder, 'new')]) {
        const args = ['--input-type=module', '-e', script, file, path];
        const { stdout, stderr } = await runCommand(process.execPath, args, { timeoutMs: 30_000, ...uid });
        assert.equal(
          stdout,
          `disk for the results: ${path} is not writable by you (EACCES); make it a folder that you can write to\n`,
          stderr,
        );
      }
    } finally {
      chmodSync(folder, 0o755);
    }
  }).timeout(60_000);
});
