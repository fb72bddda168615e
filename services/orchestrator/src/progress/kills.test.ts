import assert from 'node:assert/strict';
import type { Bit } from '@encore/contracts';
import { describe, it } from 'mocha';
import { Kills, killText } from './kills.ts';

function killed(bit: Bit | null, answeredAt: number | null): string {
  const kills = new Kills();
  kills.inject({
    type: 'fault_injected',
    at: 1_010,
    engineAt: 1_000,
    faultId: 'f0001',
    kind: 'crash',
    target: 'server',
  });
  if (bit !== null) kills.look({ type: 'fault_bit', at: 1_050, faultId: 'f0001', bit, evidence: '' });
  if (answeredAt !== null)
    kills.answer({ type: 'answered_again', at: answeredAt, startedAt: answeredAt - 5, operation: 'create' });
  return kills.last.map((kill) => killText(kill, 30)).join();
}

describe('kills, while the run goes on', () => {
  it('are back after an answer that was asked for later, counted from the engine’s time', () => {
    assert.equal(killed('yes', 3_500), 'back after 2.5 s');
    assert.equal(killed(null, 1_002), 'not back yet');
    assert.equal(killed('yes', null), 'not back yet');
  });

  it('are not simply back when that took as long as the limit, or longer', () => {
    assert.equal(killed('yes', 30_999), 'back after 30.0 s');
    assert.equal(killed('yes', 31_000), 'back after 30.0 s, too late (limit 30 s)');
    assert.equal(killed('yes', 99_000), 'back after 98.0 s, too late (limit 30 s)');
  });

  it('are not waited for when they did not bite', () => {
    for (const bit of ['no', 'refused', 'unsupported'] as const) assert.equal(killed(bit, null), 'did not bite');
  });

  it('are no other faults', () => {
    const kills = new Kills();
    kills.inject({ type: 'fault_injected', at: 1, faultId: 'f0001', kind: 'freeze', target: 'server' });
    assert.deepEqual(kills.last, []);
  });
});
