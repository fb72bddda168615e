import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import type { RunContext } from '../run-context.ts';
import { LoadLease } from './load-lease.ts';

const signal = new AbortController().signal;
const over = new EncoreError('RUN_OVER', 'over', { status: 410 });

/** A lease at time 10 s whose renewals end as given; each takes no time. */
function started(renewals: (EncoreError | null)[]) {
  const lost: string[] = [];
  const events: EncoreEvent[] = [];
  const time = { now: 10_000, polls: 0 };
  const context = {
    run: { id: 'r1', startedAt: 5_000 },
    clock: { now: () => time.now },
    history: { add: (event: EncoreEvent) => events.push(event) },
    clients: {
      renewLoadLease: async () => {
        const error = renewals.shift();
        if (error) throw error;
      },
    },
  } as unknown as RunContext;
  const lease = new LoadLease(context, {
    view: { loadSeenAt: 12_000 },
    pollEvents: async () => (time.polls += 1),
    onLost: (reason) => lost.push(reason),
  });
  const ended = lease.start();
  const renewAt = async (at: number) => {
    time.now = at;
    await lease.renew(signal);
  };
  return { lease, ended, lost, events, time, renewAt };
}

describe('lease of the load', () => {
  it('survives a load generator that does not respond', async () => {
    const { renewAt, lost, ended } = started([null, new EncoreError('UNREACHABLE', 'no response'), null]);
    for (const at of [12_000, 14_000, 16_000]) await renewAt(at);
    assert.deepEqual([lost, ended.aborted], [[], false]);
  });

  it('records a load that ended although the lease was renewed, and since when nothing was seen', async () => {
    const { renewAt, lost, ended, events, time } = started([null, over]);
    for (const at of [12_000, 14_000]) await renewAt(at);
    assert.deepEqual(lost, ['the load generator ended the load without being asked to']);
    assert.deepEqual([ended.aborted, time.polls], [true, 1]);
    const gap = events.find((event) => event.type === 'gap');
    assert.deepEqual([gap?.fromAt, gap?.toAt], [12_000, 14_000]);
  });

  it('names missed renewals and a failed workload as the cause', async () => {
    const silent = started([null, over]);
    for (const at of [12_000, 23_000]) await silent.renewAt(at);
    assert.match(silent.lost[0] ?? '', /its lease was not renewed for 11 s$/);
    const failed = started([new EncoreError('WORKLOAD_FAILED', 'ended', { status: 410 })]);
    await failed.renewAt(12_000);
    assert.match(failed.lost[0] ?? '', /^the workload failed/);
  });

  it('reports nothing once the end is expected, and only the first cause', async () => {
    const expected = started([over]);
    expected.lease.end();
    await expected.renewAt(12_000);
    assert.deepEqual([expected.lost, expected.events], [[], []]);
    const twice = started([over]);
    twice.lease.lost('the load generator restarted and lost its users');
    await twice.renewAt(12_000);
    assert.deepEqual(twice.lost, ['the load generator restarted and lost its users']);
  });
});
