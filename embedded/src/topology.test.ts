import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ContainerSpec } from './engine/container-spec.ts';
import { withoutLimits } from './topology.ts';

describe('a container on a machine that lets the lab set no limits', () => {
  const specOf = (labels: Record<string, string>) => withoutLimits({ labels } as ContainerSpec).labels;

  it('consents to no fault that needs limits, and says why, whatever the order of its kinds', () => {
    for (const accepts of ['memory-cap,crash,cpu-throttle', 'crash,cpu-throttle,memory-cap'])
      assert.deepEqual(
        specOf({ 'encore.target': 'server', 'encore.accepts': accepts, 'encore.baseline.memory': '1' }),
        {
          'encore.target': 'server',
          'encore.accepts': 'crash',
          'encore.cannot.memory-cap':
            'this machine has no control group that the lab may write, so it cannot limit memory or CPU',
          'encore.cannot.cpu-throttle':
            'this machine has no control group that the lab may write, so it cannot limit memory or CPU',
        },
      );
  });

  it('claims nothing of kinds that it never consented to', () => {
    assert.deepEqual(specOf({ 'encore.accepts': 'database-down' }), { 'encore.accepts': 'database-down' });
    assert.deepEqual(specOf({ any: 'thing' }), { any: 'thing' });
  });
});
