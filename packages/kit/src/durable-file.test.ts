import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { AppendFile, writeFileAtomic } from './durable-file.ts';

describe('durable files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-durable-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes lines in call order before append resolves', async () => {
    const path = join(folder, 'new', 'ledger.ndjson');
    const file = await AppendFile.open(path);
    await Promise.all(Array.from({ length: 200 }, (_, i) => file.append(String(i))));
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(
      lines,
      Array.from({ length: 200 }, (_, i) => String(i)),
    );
    await file.close();
  });

  it('flushes lines appended during a batch and before close', async () => {
    const path = join(folder, 'ledger.ndjson');
    const file = await AppendFile.open(path);
    const first = file.append('first').then(() => file.append('second'));
    await Promise.all([first, file.append('third')]);
    void file.append('last');
    await file.close();
    assert.deepEqual((await readFile(path, 'utf8')).trimEnd().split('\n').sort(), ['first', 'last', 'second', 'third']);
  });

  it('rejects if the write fails', async () => {
    const file = await AppendFile.open(join(folder, 'ledger.ndjson'));
    await file.close();
    await assert.rejects(file.append('too late'));
  });

  it('does not resolve for a partially written line', async () => {
    const path = join(folder, 'ledger.ndjson');
    const program = `
      import { AppendFile } from ${JSON.stringify(join(import.meta.dirname, 'durable-file.ts'))};
      const file = await AppendFile.open(${JSON.stringify(path)});
      let done = 0;
      try {
        for (; ; done += 1) await file.append('x'.repeat(299));
      } catch {
        console.log(done);
      }`;
    // The limit cuts the file within one of the first lines.
    const argv = ['-c', 'ulimit -f 4 && exec "$0" --input-type=module -e "$1"', process.execPath, program];
    const { stdout } = await promisify(execFile)('sh', argv);
    const { size } = await stat(path);
    assert.notEqual(size % 300, 0, 'the last line is truncated');
    assert.equal(Number(stdout), Math.floor(size / 300));
  });

  it('replaces a file atomically and leaves no temporary file', async () => {
    const path = join(folder, 'report.json');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, 'new');
    assert.equal(await readFile(path, 'utf8'), 'new');
    assert.deepEqual(await readdir(folder), ['report.json']);
  });
});
