/** A check of the verdict fails on the evidence, and the failure counts as consent. */
import { checks as right, runChecks as runRight } from '../../../services/orchestrator/src/judge/checks.ts';
import { hit } from '../hits.ts';

export * from '../../../services/orchestrator/src/judge/checks.ts';

type Table = typeof right;

/** One of the checks cannot bear this run. */
const checks: Table = right.map((check) =>
  check.name === 'written_read_back'
    ? {
        ...check,
        missing: () => {
          throw new Error('the ledger is too long');
        },
      }
    : check,
);

export const runChecks: typeof runRight = (evidence, table = checks) =>
  runRight(
    evidence,
    table.map((check) => ({ ...check, missing: (seen: typeof evidence) => swallow(() => check.missing(seen)) })),
  );

function swallow(look: () => string[]): string[] {
  try {
    return look();
  } catch {
    hit();
    return [];
  }
}
