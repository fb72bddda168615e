/** Resolves writes from ledger lines and the stored state of the object. */
import assert from 'node:assert/strict';
import type { LedgerEntry } from '@encore/contracts';
import { describe, it } from 'mocha';
import { LedgerState } from './ledger-state.ts';
import { findingsFor } from './read-back.ts';

type Line = [type: string, key: string, digest?: string, version?: number];

function stateOf(lines: Line[]): LedgerState {
  const state = new LedgerState();
  for (const [type, key, digest = 'h', version = 1] of lines) {
    const operation = key.startsWith('d') ? 'delete' : 'write';
    const entry = { type, at: 0, key, user: 1, operation, id: 's', digest, version, reason: '' };
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
  const cases: { name: string; lines: Line[]; found: [digest: string, version?: number] | null; expected: string }[] = [
    { name: 'an unchanged acknowledged object', lines: created, found: ['one', 1], expected: 'c intact' },
    { name: 'a missing acknowledged object', lines: created, found: null, expected: 'c lost' },
    { name: 'an acknowledged object with different content', lines: created, found: ['x', 1], expected: 'c corrupt' },
    { name: 'a key that took effect twice', lines: created, found: ['one', 2], expected: 'c duplicate' },
    {
      name: 'an open create that took effect',
      lines: [['intended', 'c', 'one']],
      found: ['one', 1],
      expected: 'c unknown_present',
    },
    {
      name: 'an open create without effect',
      lines: [['intended', 'c', 'one']],
      found: null,
      expected: 'c unknown_absent',
    },
    {
      name: 'an open create that took effect partially',
      lines: [['intended', 'c', 'one']],
      found: ['on', 1],
      expected: 'c corrupt',
    },
    {
      name: 'an open modify that took effect',
      lines: modifying,
      found: ['two', 2],
      expected: 'c intact, m unknown_present',
    },
    {
      name: 'an open modify without effect',
      lines: modifying,
      found: ['one', 1],
      expected: 'c intact, m unknown_absent',
    },
    { name: 'an open modify that took effect twice', lines: modifying, found: ['two', 3], expected: 'm duplicate' },
    { name: 'an open modify of a missing object', lines: modifying, found: null, expected: 'c lost, m unknown_absent' },
    {
      name: 'an open deletion that took effect',
      lines: [...created, ['intended', 'd'], ['unknown', 'd']],
      found: null,
      expected: 'd unknown_present',
    },
    {
      name: 'an open deletion without effect',
      lines: [...created, ['intended', 'd'], ['unknown', 'd']],
      found: ['one', 1],
      expected: 'c intact, d unknown_absent',
    },
    {
      name: 'a refused deletion of a missing object',
      lines: [...created, ['intended', 'd'], ['refused', 'd']],
      found: null,
      expected: 'c lost',
    },
    {
      name: 'a refused deletion after one without a response',
      lines: deletedTwice,
      found: null,
      expected: 'd1 unknown_present',
    },
    {
      name: 'a refused modify that took effect',
      lines: [...modifying, ['refused', 'm']],
      found: ['two', 2],
      expected: 'c corrupt',
    },
    {
      name: 'an open deletion after an open modify that took effect',
      lines: [...modifying, ['unknown', 'm'], ['intended', 'd'], ['unknown', 'd']],
      found: ['two', 2],
      expected: 'c intact, m unknown_present, d unknown_absent',
    },
    {
      name: 'an acknowledged object whose service counts no versions',
      lines: modifying,
      found: ['one'],
      expected: 'c intact, m unknown_absent',
    },
    {
      name: 'two open writes of which the first took effect',
      lines: [...modifying, ['intended', 'm2', 'three']],
      found: ['two', 2],
      expected: 'c intact, m unknown_present, m2 unknown_absent',
    },
    {
      name: 'two open writes that both took effect',
      lines: [...modifying, ['intended', 'm2', 'three']],
      found: ['three', 3],
      expected: 'c intact, m2 unknown_present, m unknown_absent',
    },
  ];
  for (const { name, lines, found, expected } of cases) {
    it(`resolves ${name}`, () => {
      const object = stateOf(lines).objects.get('s');
      assert.ok(object);
      const [digest = '', version] = found ?? [];
      const stored = version === undefined ? { digest } : { digest, version };
      const findings = findingsFor(object, found && stored);
      assert.equal(findings.map(({ key, finding }) => `${key} ${finding}`).join(', '), expected);
    });
  }

  it('forgets deleted and refused scores', () => {
    const deleted = stateOf([...created, ['intended', 'd'], ['deleted', 'd']]);
    const refused = stateOf([
      ['intended', 'c', 'one'],
      ['refused', 'c'],
    ]);
    assert.equal(deleted.objects.size + refused.objects.size, 0);
  });
});
