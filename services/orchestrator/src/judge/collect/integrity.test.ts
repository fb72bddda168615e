import assert from 'node:assert/strict';
import type { LedgerEntry } from '@encore/contracts';
import { describe, it } from 'mocha';
import { Ledger } from './integrity.ts';

const at = 0;
const intended = (key: string, operation: 'write' | 'delete', digest = key): LedgerEntry => ({
  type: 'intended',
  at,
  key,
  user: 1,
  operation,
  id: 's',
  digest,
});
const acknowledged = (key: string, version = 1): LedgerEntry => ({
  type: 'acknowledged',
  at,
  key,
  id: 's',
  digest: key,
  version,
});
const unknown = (key: string): LedgerEntry => ({ type: 'unknown', at, key, reason: 'cut' });
const refused = (key: string): LedgerEntry => ({ type: 'refused', at, key, reason: '412' });
const deleted = (key: string): LedgerEntry => ({ type: 'deleted', at, key, id: 's' });
const found = (
  digest: string | null,
  finding: Extract<LedgerEntry, { type: 'read_back' }>['finding'] = 'intact',
): LedgerEntry => ({ type: 'read_back', at, key: 'a', id: 's', found: digest, finding });
const created = [intended('a', 'write'), acknowledged('a')];

describe('ledger', () => {
  const cases: [string, LedgerEntry[], Partial<Ledger['figures']>][] = [
    ['an intact score', [...created, found('a')], { acknowledged: 1, readBack: 1, lost: 0, unverified: 0 }],
    ['a score that was not read back', created, { acknowledged: 1, readBack: 0, unverified: 1 }],
    ['a lost score', [...created, found(null, 'lost')], { lost: 1, readBack: 1 }],
    ['a lost score that is reported as intact', [...created, found(null)], { lost: 1 }],
    ['changed content', [...created, found('x')], { corrupt: 1 }],
    [
      'the old version after an acknowledged modify',
      [...created, intended('b', 'write'), acknowledged('b', 2), found('a')],
      { corrupt: 1, acknowledged: 1 },
    ],
    [
      'the old version after an unanswered modify',
      [...created, intended('b', 'write'), unknown('b'), found('a')],
      { corrupt: 0, readBack: 1 },
    ],
    [
      'the new version after an unanswered modify',
      [...created, intended('b', 'write'), unknown('b'), found('b')],
      { corrupt: 0, readBack: 1 },
    ],
    [
      'the new version after a refused modify',
      [...created, intended('b', 'write'), refused('b'), found('b')],
      { corrupt: 1 },
    ],
    [
      'an acknowledgement after the read-back',
      [...created, found('a'), intended('b', 'write'), acknowledged('b', 2)],
      { unverified: 1 },
    ],
    ['a deleted score', [...created, intended('d', 'delete'), deleted('d')], { acknowledged: 0, unverified: 0 }],
    [
      'an unanswered delete',
      [...created, intended('d', 'delete'), unknown('d'), found(null, 'unknown_present')],
      { acknowledged: 0, lost: 0, unknownPresent: 1 },
    ],
    [
      'a refused delete after an unanswered one',
      [
        ...created,
        intended('d', 'delete'),
        unknown('d'),
        intended('e', 'delete'),
        refused('e'),
        found(null, 'unknown_present'),
      ],
      { lost: 0 },
    ],
    ['a refused delete', [...created, intended('d', 'delete'), refused('d'), found(null, 'lost')], { lost: 1 }],
    ['a write that took effect twice', [...created, found('a', 'duplicate')], { duplicate: 1 }],
    [
      'an intact score that a list shows twice',
      [...created, found('a'), found(null, 'duplicate')],
      { duplicate: 1, lost: 0, corrupt: 0 },
    ],
    [
      'a score whose response failed a check',
      [...created, { ...found(null, 'corrupt'), problem: 'not JSON' } as LedgerEntry],
      { corrupt: 1, lost: 0, readBack: 1 },
    ],
    [
      'a score that a sample and the final read-back found lost, once',
      [...created, found(null, 'lost'), found(null, 'lost')],
      { lost: 1, acknowledged: 1, readBack: 1 },
    ],
    [
      'a score that a sample found lost and the final read-back found intact',
      [...created, found(null, 'lost'), found('a')],
      { lost: 1, corrupt: 0, unverified: 0 },
    ],
    [
      'a score that a sample found corrupt, before it was overwritten and read back',
      [...created, found('x', 'corrupt'), intended('b', 'write'), acknowledged('b', 2), found('b')],
      { corrupt: 1, lost: 0, unverified: 0 },
    ],
    [
      'a score that a sample found lost, before it was deleted',
      [...created, found(null, 'lost'), intended('d', 'delete'), deleted('d')],
      { lost: 1, acknowledged: 0 },
    ],
    [
      'a score that was modified after a sample, as not read back',
      [...created, found(null, 'lost'), intended('b', 'write'), acknowledged('b', 2)],
      { lost: 1, unverified: 1 },
    ],
    ['a score that was never written', [found('x', 'phantom')], { phantom: 1, acknowledged: 0 }],
    [
      'an unanswered create',
      [intended('a', 'write'), unknown('a'), found(null, 'unknown_absent')],
      { acknowledged: 0, unknownAbsent: 1, lost: 0 },
    ],
  ];
  for (const [name, entries, expected] of cases) {
    it(`counts ${name}`, () => {
      const ledger = new Ledger();
      for (const entry of entries) ledger.add(entry);
      const { figures } = ledger;
      const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, figures[key as keyof typeof figures]]));
      assert.deepEqual(seen, expected);
    });
  }

  it('counts the writes in flight or acknowledged around a fault', () => {
    const ledger = new Ledger();
    const write = (id: string, fromAt: number, toAt: number) => {
      ledger.add({ type: 'intended', at: fromAt, key: id, user: 1, operation: 'write', id, digest: 'd' });
      ledger.add({ type: 'acknowledged', at: toAt, key: id, id, digest: 'd' });
    };
    write('settled', 50_000, 54_999);
    write('settling', 50_000, 55_000);
    write('in flight', 59_000, 90_000);
    write('during', 65_000, 66_000);
    write('after', 70_001, 70_002);
    write('unread', 65_000, 66_000);
    for (const id of ['settled', 'settling', 'in flight', 'during', 'after'])
      ledger.add({ type: 'read_back', at: 99_000, key: id, id, found: 'd', finding: 'intact' });
    assert.equal(ledger.exposedTo([{ fromAt: 60_000, toAt: 70_000 }]), 3);
    assert.equal(ledger.exposedTo([]), 0);
  });
});
