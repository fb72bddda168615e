import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { impossibleFaults } from './impossible-faults.ts';

describe('impossible faults of a schedule', () => {
  const impossible = { api: { 'memory-cap': 'it has no memory limit' }, 'db:5432': { slicer: 'one byte' } };

  it('are listed with path and reason, even for a replica', () => {
    const schedule = [
      { target: 'api', faults: [{ kind: 'crash' }, { kind: 'memory-cap' }] },
      { target: 'api#2', faults: [{ kind: 'memory-cap' }] },
      { target: 'db:5432', faults: [{ kind: 'slicer' }, { kind: 'latency' }] },
    ];
    assert.deepEqual(impossibleFaults({ schedule }, impossible), [
      'schedule[0].faults[1]: memory-cap is impossible on api: it has no memory limit',
      'schedule[1].faults[0]: memory-cap is impossible on api#2: it has no memory limit',
      'schedule[2].faults[0]: slicer is impossible on db:5432: one byte',
    ]);
  });

  it('are none in settings that are invalid in other ways', () => {
    for (const schedule of [undefined, 5, [5], [{ target: 'api' }], [{ target: 'constructor', faults: [5] }]])
      assert.deepEqual(impossibleFaults({ schedule }, impossible), []);
  });
});
