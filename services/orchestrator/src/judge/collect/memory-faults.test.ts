import assert from 'node:assert/strict';
import type { FaultKind, Target } from '@encore/contracts';
import { describe, it } from 'mocha';
import { aftermathMs } from '../faults/fault-record.ts';
import { MemoryFaults } from './memory-faults.ts';

const inject = (memoryFaults: MemoryFaults, at: number, faultId: string, kind: FaultKind, target: Target = 'server') =>
  memoryFaults.add({ type: 'fault_injected', at, faultId, kind, target, params: {} });
const revert = (memoryFaults: MemoryFaults, at: number, faultId: string) =>
  memoryFaults.add({ type: 'fault_reverted', at, faultId, verified: true, evidence: '', cause: 'released' });

describe('memory faults', () => {
  it('are active on their container until shortly after the revert', () => {
    const memoryFaults = new MemoryFaults();
    assert.equal(memoryFaults.on('server', 0), null);
    inject(memoryFaults, 1_000, 'f0001', 'memory-pressure');
    assert.equal(memoryFaults.on('server', 2_000)?.faultId, 'f0001');
    assert.equal(memoryFaults.on('postgres', 2_000), null);
    revert(memoryFaults, 9_000, 'f0001');
    assert.equal(memoryFaults.on('server', 9_000 + aftermathMs)?.kind, 'memory-pressure');
    assert.equal(memoryFaults.on('server', 9_001 + aftermathMs), null);
    inject(memoryFaults, 60_000, 'f0002', 'memory-cap');
    assert.equal(memoryFaults.on('server', 60_000)?.faultId, 'f0002');
  });

  it('exclude other fault kinds', () => {
    const memoryFaults = new MemoryFaults();
    inject(memoryFaults, 0, 'f0001', 'cpu-throttle');
    inject(memoryFaults, 0, 'f0002', 'freeze');
    assert.equal(memoryFaults.on('server', 1), null);
  });
});
