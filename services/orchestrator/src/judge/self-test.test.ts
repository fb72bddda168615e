import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { runChecks } from './checks.ts';
import type { Evidence } from './evidence.ts';
import { selfTest } from './self-test.ts';

const evidence = {} as Evidence;

describe('the self-test of the judge', () => {
  it('is content with checks whose failures are told', () => {
    assert.deepEqual(selfTest(evidence), { name: 'checks_can_fail', verdict: 'ok', reason: '' });
  });

  it('rules out a pass where an exception, a lack, or both are swallowed', () => {
    const deafTo = (throws: boolean, lacks: boolean): typeof runChecks => {
      return (seen, table = []) =>
        runChecks(
          seen,
          table.map((check) => ({
            ...check,
            missing: (given: Evidence) => {
              try {
                const missing = check.missing(given);
                return lacks ? [] : missing;
              } catch (error) {
                if (throws) return [];
                throw error;
              }
            },
          })),
        );
    };
    for (const [throws, lacks, words] of [
      [true, false, /^a check that throws on purpose was/],
      [false, true, /^a check that misses something on purpose was/],
      [true, true, /^a check that throws and one that misses something on purpose was/],
    ] as const) {
      const { verdict, reason } = selfTest(evidence, deafTo(throws, lacks));
      assert.equal(verdict, 'unknown');
      assert.match(reason, words);
    }
  });

  it('rules out a pass where checks are left out', () => {
    assert.equal(selfTest(evidence, () => []).verdict, 'unknown');
  });
});
