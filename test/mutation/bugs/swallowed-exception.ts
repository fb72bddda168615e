/** Every evidence requirement throws, and the orchestrator takes the exception as met. */
import {
  evidenceRequirements,
  evaluateRequirements as right,
} from '../../../services/orchestrator/src/judge/requirements/evidence-requirements.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/orchestrator/src/judge/requirements/evidence-requirements.ts';

const throwing = evidenceRequirements.map((requirement) => ({ ...requirement, missing: unreadable }));

export const evaluateRequirements: typeof right = (evidence, table = throwing) =>
  right(
    evidence,
    table.map((requirement) => ({ ...requirement, missing: (seen) => swallow(() => requirement.missing(seen)) })),
  );

function unreadable(): never {
  throw new Error('this evidence cannot be read');
}

function swallow(look: () => string[]): string[] {
  try {
    return look();
  } catch {
    trigger();
    return [];
  }
}
