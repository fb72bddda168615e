import assert from 'node:assert/strict';
import type { Effect } from '@encore/contracts';
import { describe, it } from 'mocha';
import { Kills, killText } from './kills.ts';

function killed(effect: Effect | null, answeredAt: number | null): string {
  const kills = new Kills();
  kills.addInjection({
    type: 'fault_injected',
    at: 1_010,
    engineAt: 1_000,
    faultId: 'f0001',
    kind: 'crash',
    target: 'server',
    params: {},
  });
  if (effect !== null)
    kills.addEffectCheck({ type: 'fault_effect_checked', at: 1_050, faultId: 'f0001', effect, evidence: '' });
  if (answeredAt !== null)
    kills.addAnswer({ type: 'answered_again', at: answeredAt, startedAt: answeredAt - 5, operation: 'create' });
  return kills.last.map((kill) => killText(kill, 30)).join();
}

describe('Kills', () => {
  it('recover with an answer to a later request, measured from the engine’s time', () => {
    assert.equal(killed('confirmed', 3_500), 'recovered in 2.5 s');
    assert.equal(killed(null, 1_002), 'not recovered yet');
    assert.equal(killed('confirmed', null), 'not recovered yet');
  });

  it('mark a recovery that reaches the limit as late', () => {
    assert.equal(killed('confirmed', 30_999), 'recovered in 30.0 s');
    assert.equal(killed('confirmed', 31_000), 'recovered in 30.0 s, too late (limit 30 s)');
    assert.equal(killed('confirmed', 99_000), 'recovered in 98.0 s, too late (limit 30 s)');
  });

  it('show kills without effect', () => {
    for (const effect of ['absent', 'refused', 'unsupported'] as const) assert.equal(killed(effect, null), 'no effect');
  });

  it('ignore other faults', () => {
    const kills = new Kills();
    kills.addInjection({
      type: 'fault_injected',
      at: 1,
      faultId: 'f0001',
      kind: 'freeze',
      target: 'server',
      params: {},
    });
    assert.deepEqual(kills.last, []);
  });
});
