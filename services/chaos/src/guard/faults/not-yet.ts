/** A kind that no engine can do yet: it is planned, skipped at its time as unsupported, and listed as not tested. */
import type { FaultKind } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { nothingHeld, nothingToUndo } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export function notYet(kind: FaultKind): FaultSpec {
  return {
    kind,
    instant: true,
    forbidsStart: false,
    does: 'Not implemented: a plan may name it; it is skipped at its time as unsupported and listed in the report under not tested.',
    undoneBy: '-',
    userSees: '-',
    pitfalls: '-',
    prepare: () =>
      Promise.reject(
        new EncoreError('ENGINE_UNSUPPORTED', `${kind} is not implemented`, { status: 501, definite: true }),
      ),
    act: async () => ({}),
    bite: async () => ({ bit: 'no', evidence: 'not implemented' }),
    undo: nothingToUndo,
    verify: nothingHeld,
  };
}
