import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Quarantine } from './quarantine.ts';

const minutes = 60_000;

describe('Quarantine', () => {
  const state = { now: 0 };
  const clock = { now: () => state.now, sleep: async () => {} };
  const killedBy = (quarantine: Quarantine, document: string, times = 1): void => {
    for (let i = 0; i < times; i += 1) quarantine.recordDeath(document);
  };

  it('refuses a document from its third death until ten minutes after the last one', () => {
    const quarantine = new Quarantine(clock);
    killedBy(quarantine, 'bomb', 2);
    quarantine.check('bomb');
    killedBy(quarantine, 'bomb');
    assert.throws(() => quarantine.check('bomb'), { code: 'QUARANTINED', status: 422 });
    quarantine.check('another');
    assert.equal(quarantine.size, 1);
    state.now += 10 * minutes;
    assert.throws(() => quarantine.check('bomb'), { code: 'QUARANTINED' });
    state.now += 1;
    quarantine.check('bomb');
    assert.equal(quarantine.size, 0);
  });

  it('remembers the last thousand documents', () => {
    const quarantine = new Quarantine(clock);
    killedBy(quarantine, 'first', 3);
    for (let i = 0; i < 999; i += 1) killedBy(quarantine, `document-${i}`);
    assert.throws(() => quarantine.check('first'), { code: 'QUARANTINED' });
    killedBy(quarantine, 'one more');
    quarantine.check('first');
  });
});
