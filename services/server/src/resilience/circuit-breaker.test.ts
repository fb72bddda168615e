import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { Clock } from '@encore/kit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CircuitBreaker, closedBreaker, step, type Verdict } from './circuit-breaker.ts';

const rules = { failures: 5, successes: 2, openMs: 60_000 };

describe('CircuitBreaker', () => {
  let breaker: CircuitBreaker;
  let changes: string[];
  // Opossum's timers are global ones, so the test owns the global ones.
  const clock: Clock = { now: () => Date.now(), sleep: async () => {} };
  const create = (): void => {
    changes = [];
    breaker = new CircuitBreaker('tool_Test', rules, clock);
    breaker.onChange((state) => changes.push(state));
  };
  const call = (verdict: Verdict): boolean => {
    const report = breaker.ask();
    report?.(verdict);
    return report !== null;
  };
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) call('failure');
  };
  /** Opossum hears of ends by promises: they are through before time goes on, as in a real loop. */
  const heard = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  const wait = async (ms: number): Promise<void> => {
    await heard();
    mock.timers.tick(ms);
    await heard();
  };
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    create();
  });
  afterEach(() => {
    breaker[Symbol.dispose]();
    mock.timers.reset();
  });

  it('opens at the fifth consecutive failure, and not when a success came between', async () => {
    fail(4);
    call('success');
    fail(4);
    await heard();
    assert.equal(breaker.state, 'closed');
    fail(1);
    assert.equal(breaker.state, 'open');
    assert.equal(breaker.ask(), null);
  });

  it('is neither opened nor reset by calls that say nothing about it', async () => {
    fail(4);
    for (let i = 0; i < 100; i++) call('neutral');
    await heard();
    assert.equal(breaker.state, 'closed');
    fail(1);
    assert.equal(breaker.state, 'open');
  });

  it('lets one probe at a time through after 60 s, and closes after two good ones in a row', async () => {
    fail(5);
    await wait(59_999);
    assert.equal(breaker.ask(), null);
    assert.equal(breaker.retryAfterMs, 1);
    await wait(1);
    const probe = breaker.ask();
    assert.ok(probe);
    assert.equal(breaker.ask(), null, 'a second probe at the same time');
    probe('success');
    await heard();
    assert.equal(breaker.state, 'half_open', 'one good probe is not enough');
    assert.equal(call('success'), true);
    assert.equal(breaker.state, 'closed');
    await heard();
    assert.deepEqual(changes, ['open', 'half_open', 'closed']);
  });

  it('opens again for the whole time when a probe fails, and forgets the good probe before it', async () => {
    fail(5);
    await wait(60_000);
    call('success');
    call('failure');
    await wait(59_999);
    assert.equal(breaker.ask(), null);
    await wait(1);
    call('success');
    await heard();
    assert.equal(breaker.state, 'half_open', 'one success of the last round must not count');
  });

  it('lets the next probe through when one ended without a verdict, which does not close it', async () => {
    fail(5);
    await wait(60_000);
    call('neutral');
    await heard();
    assert.equal(breaker.state, 'half_open');
    assert.ok(breaker.ask());
  });

  it('is not moved by calls that began before it opened', async () => {
    const old = [breaker.ask(), breaker.ask(), breaker.ask()];
    fail(5);
    await wait(60_000);
    const probe = breaker.ask();
    old[0]?.('success');
    old[1]?.('failure');
    await heard();
    assert.equal(breaker.state, 'half_open');
    probe?.('success');
    call('success');
    old[2]?.('failure');
    await heard();
    assert.equal(breaker.state, 'closed');
    fail(4);
    assert.equal(breaker.state, 'closed', 'an old failure must not count among the new ones');
  });

  it('is not opened by one call, however slow, even if it fails when nothing else was called for a while', async () => {
    const slow = breaker.ask();
    await wait(120_000);
    assert.equal(breaker.state, 'closed', 'slow is not failed');
    slow?.('failure');
    await heard();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, []);
  });

  it('waits for a slow probe, whose end alone says how it went', async () => {
    fail(5);
    await wait(60_000);
    const probe = breaker.ask();
    await wait(120_000);
    assert.equal(breaker.state, 'half_open');
    assert.equal(breaker.ask(), null);
    probe?.('success');
    call('success');
    assert.equal(breaker.state, 'closed');
  });

  it('counts a call that is told twice once', async () => {
    for (let i = 0; i < 4; i++) {
      const report = breaker.ask();
      report?.('failure');
      report?.('failure');
    }
    await heard();
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(breaker.recent, { calls: 4, failures: 4, refused: 0 });
  });

  it('counts what happened lately: calls, failures and refusals', async () => {
    call('success');
    call('neutral');
    fail(5);
    call('success');
    await heard();
    assert.deepEqual(breaker.recent, { calls: 7, failures: 5, refused: 1 });
    await wait(60_000);
    assert.deepEqual(breaker.recent, { calls: 0, failures: 0, refused: 0 });
    call('success');
    call('failure');
    await heard();
    assert.deepEqual(breaker.recent, { calls: 1, failures: 1, refused: 0 }, 'one probation of two probes');
    await wait(60_000);
    call('success');
    assert.deepEqual(breaker.recent, { calls: 1, failures: 0, refused: 0 }, 'the next probation');
  });

  it('never lets two probes run at once, and never moves but by its rules, whatever happens in whatever order', async () => {
    const action = fc.oneof(
      fc.constantFrom<Verdict>('success', 'failure', 'neutral'),
      fc.constant('ask'),
      fc.nat(90_000),
    );
    const property = fc.asyncProperty(fc.array(action, { maxLength: 200 }), async (actions) => {
      breaker[Symbol.dispose]();
      create();
      let expected = closedBreaker;
      let round = 0;
      const follow = (event: Parameters<typeof step>[1]): void => {
        const { state } = step(expected, event, Date.now(), rules);
        if (state.kind !== expected.kind) round += 1;
        expected = state;
      };
      let running: { report: (verdict: Verdict) => void; probe: boolean; round: number }[] = [];
      for (const act of actions) {
        if (typeof act === 'number') {
          await wait(act);
          if (expected.kind === 'open' && Date.now() >= expected.until) follow('waited');
        } else if (act === 'ask') {
          const report = breaker.ask();
          follow('asked');
          if (report) running.push({ report, probe: breaker.state === 'half_open', round });
          assert.ok(running.filter(({ probe, round: began }) => probe && began === round).length <= 1);
        } else {
          const [first, ...rest] = running;
          running = rest;
          first?.report(act);
          if (first?.round === round) follow(act);
        }
        assert.equal(breaker.state, expected.kind);
      }
    });
    await fc.assert(property);
  });
});
