import assert from 'node:assert/strict';
import type { Clock } from '@encore/kit';
import fc from 'fast-check';
import { beforeEach, describe, it } from 'mocha';
import { CircuitBreaker, type Verdict } from './circuit-breaker.ts';

const rules = { failures: 5, successes: 2, openMs: 60_000 };

describe('CircuitBreaker', () => {
  let now = 0;
  let breaker: CircuitBreaker;
  const clock: Clock = { now: () => now, sleep: async () => {} };
  const call = (verdict: Verdict): boolean => {
    const report = breaker.ask();
    report?.(verdict);
    return report !== null;
  };
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) call('failure');
  };
  beforeEach(() => {
    now = 0;
    breaker = new CircuitBreaker('tool_Test', rules, clock);
  });

  it('opens at the fifth consecutive failure, and not when a success came between', () => {
    fail(4);
    call('success');
    fail(4);
    assert.equal(breaker.state, 'closed');
    fail(1);
    assert.equal(breaker.state, 'open');
    assert.equal(breaker.ask(), null);
  });

  it('is neither opened nor reset by calls that say nothing about it', () => {
    fail(4);
    for (let i = 0; i < 100; i++) call('neutral');
    assert.equal(breaker.state, 'closed');
    fail(1);
    assert.equal(breaker.state, 'open');
  });

  it('lets one probe at a time through after 60 s, and closes after two good ones in a row', () => {
    fail(5);
    now = 59_999;
    assert.equal(breaker.ask(), null);
    now = 60_000;
    const probe = breaker.ask();
    assert.ok(probe);
    assert.equal(breaker.ask(), null, 'a second probe at the same time');
    probe('success');
    assert.equal(breaker.state, 'half_open');
    assert.equal(call('success'), true);
    assert.equal(breaker.state, 'closed');
  });

  it('opens again for the whole time when a probe fails, and forgets the good probe before it', () => {
    fail(5);
    now = 60_000;
    call('success');
    call('failure');
    now = 119_999;
    assert.equal(breaker.ask(), null);
    now = 120_000;
    call('success');
    assert.equal(breaker.state, 'half_open', 'one success of the last round must not count');
  });

  it('lets the next probe through when one ended without a verdict', () => {
    fail(5);
    now = 60_000;
    call('neutral');
    assert.equal(breaker.state, 'half_open');
    assert.ok(breaker.ask());
  });

  it('is not moved by calls that began before it opened', () => {
    const old = [breaker.ask(), breaker.ask(), breaker.ask()];
    fail(5);
    now = 60_000;
    const probe = breaker.ask();
    old[0]?.('success');
    old[1]?.('failure');
    assert.equal(breaker.state, 'half_open');
    probe?.('success');
    call('success');
    old[2]?.('failure');
    assert.equal(breaker.state, 'closed');
    fail(4);
    assert.equal(breaker.state, 'closed', 'an old failure must not count among the new ones');
  });

  it('never lets two probes run at once, whatever happens in whatever order', () => {
    const action = fc.oneof(
      fc.constantFrom<Verdict>('success', 'failure', 'neutral'),
      fc.constant('ask'),
      fc.nat(90_000),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        now = 0;
        breaker = new CircuitBreaker('tool_Test', rules, clock);
        let running: { report: (verdict: Verdict) => void; probe: boolean }[] = [];
        for (const act of actions) {
          if (typeof act === 'number') now += act;
          else if (act === 'ask') {
            const report = breaker.ask();
            if (report) running.push({ report, probe: breaker.state === 'half_open' });
            assert.ok(breaker.state !== 'half_open' || running.filter(({ probe }) => probe).length <= 1);
          } else {
            const [first, ...rest] = running;
            first?.report(act);
            running = breaker.state === 'half_open' ? rest : rest.map((entry) => ({ ...entry, probe: false }));
          }
        }
      }),
    );
  });
});
