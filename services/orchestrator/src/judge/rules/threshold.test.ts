import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { aggregate, holds, parseThreshold } from './threshold.ts';

describe('threshold', () => {
  it('parses the k6 grammar', () => {
    assert.deepEqual(parseThreshold('success_rate', 'value>=0.95'), {
      metric: 'success_rate',
      aggregation: 'value',
      percentile: null,
      operator: '>=',
      limit: 0.95,
    });
    const threshold = parseThreshold('recovery_seconds', ' p(99.5) < 1e-3 ');
    assert.deepEqual([threshold.aggregation, threshold.percentile, threshold.limit], ['p', 99.5, 0.001]);
  });

  const wrong: [string, string, RegExp][] = [
    ['speed', 'value>1', /unknown metric\. Use one of success_rate/],
    ['success_rate', '0.95', /is not a rule\. Write an aggregation \(value\).*for example "value>=0\.95"/],
    ['success_rate', 'max<1', /"max" does not apply to this metric\. Use value/],
    ['recovery_seconds', 'p(101)<3', /must be between 0 and 100, not 101/],
    ['recovery_seconds', 'max<60s', /is not a rule/],
    ['lost_writes', 'count=0', /is not a rule/],
    ['lost_writes', '', /is not a rule/],
    ['__proto__', 'value>1', /unknown metric/],
  ];
  for (const [metric, expression, message] of wrong) {
    it(`rejects ${metric}: "${expression}" and states what is valid`, () => {
      assert.throws(() => parseThreshold(metric, expression), { code: 'INVALID_THRESHOLD', message });
    });
  }

  it('aggregates by nearest rank, including Infinity', () => {
    const samples = [3, 1, 2, Number.POSITIVE_INFINITY];
    const value = (expression: string): number | null =>
      aggregate(samples, parseThreshold('recovery_seconds', expression));
    assert.deepEqual(['min<1', 'med<1', 'p(75)<1', 'max<1', 'count<1'].map(value), [
      1,
      2,
      3,
      Number.POSITIVE_INFINITY,
      4,
    ]);
    assert.equal(aggregate([], parseThreshold('recovery_seconds', 'max<60')), null);
    assert.equal(holds('<', Number.POSITIVE_INFINITY, 60), false);
  });

  it('compares with the limit by its operator', () => {
    const at = (operator: Parameters<typeof holds>[0]): boolean[] =>
      [0.9, 1, 1.1].map((value) => holds(operator, value, 1));
    assert.deepEqual(at('<'), [true, false, false]);
    assert.deepEqual(at('<='), [true, true, false]);
    assert.deepEqual(at('>'), [false, false, true]);
    assert.deepEqual(at('>='), [false, true, true]);
    assert.deepEqual(at('=='), [false, true, false]);
    assert.deepEqual(at('!='), [true, false, true]);
  });
});
