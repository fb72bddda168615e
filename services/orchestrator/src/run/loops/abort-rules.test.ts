import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AbortRules } from './abort-rules.ts';

describe('abort rules', () => {
  it('end the run once a rule has been broken for its time without a break', () => {
    const rules = new AbortRules({ success_rate: 30, wrong_answers: 0 });
    const broken = ['success_rate', 'availability_fault_free'];
    assert.equal(rules.evaluate(0, broken), null);
    assert.equal(rules.evaluate(29_000, broken), null);
    assert.equal(rules.evaluate(29_500, []), null);
    assert.equal(rules.evaluate(30_000, broken), null);
    assert.equal(rules.evaluate(59_999, broken), null);
    assert.equal(rules.evaluate(60_000, broken), 'the rule of success_rate has been broken for 30 s (setting abort)');
    assert.match(rules.evaluate(61_000, ['wrong_answers']) ?? '', /^the rule of wrong_answers .* for 0 s/);
  });

  it('are empty by default', () => {
    assert.equal(new AbortRules({}).isEmpty, true);
    assert.equal(new AbortRules({}).evaluate(0, ['success_rate']), null);
  });
});
