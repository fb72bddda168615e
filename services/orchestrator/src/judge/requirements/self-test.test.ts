import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Evidence } from '../evidence.ts';
import { evaluateRequirements } from './evidence-requirements.ts';
import { selfTest } from './self-test.ts';

const evidence = {} as Evidence;

describe('self-test of the judge', () => {
  it('passes if failed requirements are reported', () => {
    assert.deepEqual(selfTest(evidence), { name: 'requirements_can_fail', status: 'ok', reason: '' });
  });

  it('rules out PASSED if exceptions, gaps or both are swallowed', () => {
    const swallowing = (exceptions: boolean, gaps: boolean): typeof evaluateRequirements => {
      return (seen, table = []) =>
        evaluateRequirements(
          seen,
          table.map((requirement) => ({
            ...requirement,
            missing: (given: Evidence) => {
              try {
                const missing = requirement.missing(given);
                return gaps ? [] : missing;
              } catch (error) {
                if (exceptions) return [];
                throw error;
              }
            },
          })),
        );
    };
    for (const [exceptions, gaps, text] of [
      [true, false, /^an evidence requirement that throws on purpose was/],
      [false, true, /^an evidence requirement that is unmet on purpose was/],
      [true, true, /^an evidence requirement that throws and one that is unmet on purpose was/],
    ] as const) {
      const { status, reason } = selfTest(evidence, swallowing(exceptions, gaps));
      assert.equal(status, 'unknown');
      assert.match(reason, text);
    }
  });

  it('rules out PASSED if requirements are skipped', () => {
    assert.equal(selfTest(evidence, () => []).status, 'unknown');
  });
});
