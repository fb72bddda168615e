import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { EventLog } from './event-log.ts';

const event = (at: number): EncoreEvent => ({ type: 'stop_requested', at, reason: 'test' });
const times = (log: EventLog, after: number): number[] =>
  log.page(log.instanceId, after).events.map((entry) => entry.event.at);

describe('EventLog', () => {
  it('returns the events after a number, in order', () => {
    const log = new EventLog();
    for (const at of [10, 20, 30]) log.add(event(at));
    assert.deepEqual(times(log, 0), [10, 20, 30]);
    assert.deepEqual(times(log, 0), [10, 20, 30], 'again, because the first response may be lost');
    assert.deepEqual(times(log, 2), [30]);
    assert.deepEqual(times(log, 3), []);
  });

  it('deletes acknowledged events and shows a later reader what is missing', () => {
    const log = new EventLog();
    for (const at of [10, 20, 30, 40]) log.add(event(at));
    assert.deepEqual(times(log, 3), [40]);
    assert.equal(log.page(undefined, 0).dropped, 0, 'read is not dropped');
    assert.deepEqual(times(log, 0), [40]);
    const late = log.page(log.instanceId, 1);
    assert.deepEqual([late.dropped, late.after], [0, 3], 'numbers 2 and 3 went to another reader');
    assert.deepEqual(times(log, 99), [], 'a number from the future');
    log.add(event(50));
    assert.deepEqual(times(log, 4), [50]);
  });

  it('states where a page starts, so that a second reader can continue', () => {
    const log = new EventLog();
    for (const at of [10, 20]) log.add(event(at));
    assert.deepEqual(times(log, 0), [10, 20]);
    assert.deepEqual(times(log, 2), []);
    const first = log.page(undefined, 0);
    assert.deepEqual([first.after, first.dropped, first.events.length], [2, 0, 0]);
    assert.equal(log.page(log.instanceId, 0).dropped, 0, 'what was read is not dropped');
    log.add(event(30));
    const next = log.page(log.instanceId, first.after);
    assert.deepEqual([next.after, next.dropped, next.events.length], [2, 0, 1]);
  });

  it('starts at the first unread event for a reader with another instanceId id', () => {
    const log = new EventLog();
    log.add(event(10));
    assert.equal(log.page('another instanceId', 99).events.length, 1);
    assert.equal(log.page(undefined, 0).events[0]?.seq, 1);
  });

  it('stays bounded and counts the events that a slow reader missed', () => {
    const log = new EventLog(100);
    for (let at = 1; at <= 1_000; at += 1) log.add(event(at));
    const page = log.page(log.instanceId, 500);
    assert.ok(page.events.length <= 110, `${page.events.length} events kept`);
    const first = page.events[0]?.seq ?? 0;
    assert.equal(page.dropped, first - 501, 'dropped plus returned events are all after 500');
    assert.equal(page.after, first - 1);
    assert.equal(page.events.at(-1)?.seq, 1_000);
  });
});
