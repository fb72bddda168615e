/** The ledger's file: one line per entry, durable, and readable after a truncated line. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Ledger } from './ledger.ts';
import { LedgerState } from './ledger-state.ts';

describe('ledger', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-ledger-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const intended = (key: string) =>
    ({ type: 'intended', key, user: 1, operation: 'write', id: key, digest: 'h' }) as const;

  it('has the entry on disk when the promise resolves', async () => {
    await using ledger = await Ledger.open(folder, systemClock);
    await ledger.write(intended('one'));
    assert.match(await readFile(ledger.path, 'utf8'), /^\{.*"key":"one".*\}\n$/);
  });

  it('continues its numbering after a writer was killed within a line', async () => {
    {
      await using ledger = await Ledger.open(folder, systemClock);
      await Promise.all(['one', 'two'].map((key) => ledger.write(intended(key))));
      await appendFile(ledger.path, '{"crc":"0badf00d","at":17');
    }
    await using ledger = await Ledger.open(folder, systemClock);
    await ledger.write(intended('three'));
    const lines = (await readFile(ledger.path, 'utf8')).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => /"n":(\d+)/.exec(line)?.[1]),
      ['1', '2', undefined, '3'],
    );
    const state = await LedgerState.read(ledger.path);
    assert.deepEqual([...state.objects.keys()], ['one', 'two', 'three']);
    assert.equal(state.problems.length, 1);
    assert.match(state.problems[0] ?? '', /^line 3: not valid JSON/);
  });

  it('ignores a changed line and reports it', async () => {
    await using ledger = await Ledger.open(folder, systemClock);
    for (const key of ['one', 'two']) await ledger.write(intended(key));
    const text = await readFile(ledger.path, 'utf8');
    await writeFile(ledger.path, text.replace('"id":"two"', '"id":"owt"'));
    const state = await LedgerState.read(ledger.path);
    assert.deepEqual([...state.objects.keys()], ['one']);
    assert.match(state.problems.join(), /^line 2: wrong CRC/);
  });
});
