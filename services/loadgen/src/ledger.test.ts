/** The ledger's file: one line per entry, on disk when the promise resolves, usable after half a line. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
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
    ({ type: 'intended', key, user: 1, operation: 'create', scoreId: key, hash: 'h' }) as const;

  it('has the line on disk when the promise resolves', async () => {
    await using ledger = await Ledger.open(folder, systemClock);
    await ledger.write(intended('one'));
    assert.match(await readFile(ledger.path, 'utf8'), /^\{.*"key":"one".*\}\n$/);
  });

  it('begins a line of its own after a writer that was killed within one', async () => {
    {
      await using ledger = await Ledger.open(folder, systemClock);
      await ledger.write(intended('one'));
      await appendFile(ledger.path, '{"type":"inte');
    }
    await using ledger = await Ledger.open(folder, systemClock);
    await ledger.write(intended('two'));
    const state = await LedgerState.read(ledger.path);
    assert.deepEqual([...state.scores.keys()], ['one', 'two']);
    assert.equal(state.damagedLines, 1);
  });
});
