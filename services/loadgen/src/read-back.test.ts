/** What one score's content says of the writes to it, from the ledger's lines. */
import assert from 'node:assert/strict';
import type { LedgerEntry } from '@encore/contracts';
import { describe, it } from 'mocha';
import { LedgerState } from './ledger-state.ts';
import { judgeScore } from './read-back.ts';

type Line = [type: string, key: string, hash?: string, version?: number];

function stateOf(lines: Line[]): LedgerState {
  const state = new LedgerState();
  for (const [type, key, hash = 'h', version = 1] of lines) {
    const operation = key.startsWith('d') ? 'delete' : key.startsWith('m') ? 'modify' : 'create';
    const entry = { type, at: 0, key, user: 1, operation, scoreId: 's', hash, version, reason: '' };
    state.apply(entry as unknown as LedgerEntry);
  }
  return state;
}

const created: Line[] = [
  ['intended', 'c', 'one'],
  ['acknowledged', 'c', 'one', 1],
];
const modifying: Line[] = [...created, ['intended', 'm', 'two']];

describe('read-back', () => {
  const deletedTwice: Line[] = [
    ...created,
    ['intended', 'd1'],
    ['unknown', 'd1'],
    ['intended', 'd2'],
    ['refused', 'd2'],
  ];
  const cases: { name: string; lines: Line[]; found: [hash: string, version: number] | null; says: string }[] = [
    { name: 'an acknowledged score, as it was', lines: created, found: ['one', 1], says: 'c intact' },
    { name: 'an acknowledged score that is gone', lines: created, found: null, says: 'c lost' },
    { name: 'an acknowledged score with other content', lines: created, found: ['x', 1], says: 'c corrupt' },
    { name: 'a key that took effect twice', lines: created, found: ['one', 2], says: 'c duplicate' },
    {
      name: 'an open create that took effect',
      lines: [['intended', 'c', 'one']],
      found: ['one', 1],
      says: 'c unknown_present',
    },
    { name: 'an open create that did not', lines: [['intended', 'c', 'one']], found: null, says: 'c unknown_absent' },
    {
      name: 'an open create that took effect in part',
      lines: [['intended', 'c', 'one']],
      found: ['on', 1],
      says: 'c corrupt',
    },
    {
      name: 'an open modify that took effect',
      lines: modifying,
      found: ['two', 2],
      says: 'c intact, m unknown_present',
    },
    { name: 'an open modify that did not', lines: modifying, found: ['one', 1], says: 'c intact, m unknown_absent' },
    { name: 'an open modify that took effect twice', lines: modifying, found: ['two', 3], says: 'm duplicate' },
    { name: 'an open modify, and the score is gone', lines: modifying, found: null, says: 'c lost, m unknown_absent' },
    {
      name: 'an open deletion that took effect',
      lines: [...created, ['intended', 'd'], ['unknown', 'd']],
      found: null,
      says: 'd unknown_present',
    },
    {
      name: 'an open deletion that did not',
      lines: [...created, ['intended', 'd'], ['unknown', 'd']],
      found: ['one', 1],
      says: 'c intact, d unknown_absent',
    },
    {
      name: 'a refused deletion leaves the promise',
      lines: [...created, ['intended', 'd'], ['refused', 'd']],
      found: null,
      says: 'c lost',
    },
    {
      name: 'a refused deletion after one without an answer',
      lines: deletedTwice,
      found: null,
      says: 'd1 unknown_present',
    },
    {
      name: 'a refused modify leaves the version before',
      lines: [...modifying, ['refused', 'm']],
      found: ['two', 2],
      says: 'c corrupt',
    },
    {
      name: 'a deletion that may have failed after a modify that may have failed',
      lines: [...modifying, ['unknown', 'm'], ['intended', 'd'], ['unknown', 'd']],
      found: ['two', 2],
      says: 'c intact, m unknown_present, d unknown_absent',
    },
  ];
  for (const { name, lines, found, says } of cases) {
    it(name, () => {
      const score = stateOf(lines).scores.get('s');
      assert.ok(score);
      const findings = judgeScore(score, found && { sha256: found[0], version: found[1] });
      assert.equal(findings.map(({ key, verdict }) => `${key} ${verdict}`).join(', '), says);
    });
  }

  it('keeps nothing of scores that were deleted or refused', () => {
    const deleted = stateOf([...created, ['intended', 'd'], ['deleted', 'd']]);
    const refused = stateOf([
      ['intended', 'c', 'one'],
      ['refused', 'c'],
    ]);
    assert.equal(deleted.scores.size + refused.scores.size, 0);
  });
});
