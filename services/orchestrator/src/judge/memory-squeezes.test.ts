import assert from 'node:assert/strict';
import type { FaultKind, Target } from '@encore/contracts';
import { describe, it } from 'mocha';
import { settlingMs } from './fault-record.ts';
import { MemorySqueezes } from './memory-squeezes.ts';

const inject = (squeezes: MemorySqueezes, at: number, faultId: string, kind: FaultKind, target: Target = 'server') =>
  squeezes.add({ type: 'fault_injected', at, faultId, kind, target });
const undo = (squeezes: MemorySqueezes, at: number, faultId: string) =>
  squeezes.add({ type: 'fault_undone', at, faultId, verified: true, evidence: '', cause: 'released' });

describe('memory squeezes', () => {
  it('name the fault that takes memory, on its container, until a moment after its end', () => {
    const squeezes = new MemorySqueezes();
    assert.equal(squeezes.on('server', 0), null);
    inject(squeezes, 1_000, 'f0001', 'memory-pressure');
    assert.equal(squeezes.on('server', 2_000)?.faultId, 'f0001');
    assert.equal(squeezes.on('postgres', 2_000), null);
    undo(squeezes, 9_000, 'f0001');
    assert.equal(squeezes.on('server', 9_000 + settlingMs)?.kind, 'memory-pressure');
    assert.equal(squeezes.on('server', 9_001 + settlingMs), null);
    inject(squeezes, 60_000, 'f0002', 'memory-cap');
    assert.equal(squeezes.on('server', 60_000)?.faultId, 'f0002');
  });

  it('are no faults of another kind', () => {
    const squeezes = new MemorySqueezes();
    inject(squeezes, 0, 'f0001', 'cpu-throttle');
    inject(squeezes, 0, 'f0002', 'freeze');
    assert.equal(squeezes.on('server', 1), null);
  });
});
