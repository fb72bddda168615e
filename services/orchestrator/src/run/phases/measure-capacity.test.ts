/** The capacity baseline is measured and told, and a run never stops for it. */
import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { profiles } from '../../settings/profiles.ts';
import { FakeLab } from '../../testing/fake-lab.ts';
import { Peers } from '../peers.ts';
import { RunRecord } from '../run-context.ts';
import { measureCapacity } from './measure-capacity.ts';

describe('measuring the capacity', () => {
  let lab: FakeLab;
  const events: EncoreEvent[] = [];

  beforeEach(async () => {
    lab = await FakeLab.start();
    events.length = 0;
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  function measure(settings: { capacitySeconds: number; users: number }, signal = new AbortController().signal) {
    const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 1, ...settings };
    const record = new RunRecord((event) => events.push(event));
    return measureCapacity({ config, record, peers: new Peers(lab.wiring), clock: systemClock }, signal);
  }

  it('asks for as many connections as there are users, and tells the result', async () => {
    await measure({ capacitySeconds: 2, users: 7 });
    const [event] = events;
    assert.ok(event?.type === 'capacity_measured' && event.requestsPerSecond === 900 && event.answered === 1_800);
    assert.deepEqual([event.seconds, event.connections], [2, 7]);
    await measure({ capacitySeconds: 2, users: 5_000 });
    assert.ok(events[1]?.type === 'capacity_measured' && events[1].connections === 100);
  });

  it('is left out when its settings say so', async () => {
    await measure({ capacitySeconds: 0, users: 7 });
    assert.deepEqual([events, lab.loadgen.asked], [[], []]);
  });

  it('tells why there is no figure, and lets the run go on', async () => {
    lab.loadgen.baseline = 'fails';
    await measure({ capacitySeconds: 2, users: 7 });
    lab.loadgen.baseline = 'unanswered';
    await measure({ capacitySeconds: 2, users: 7 });
    await lab.loadgen.stop();
    await measure({ capacitySeconds: 2, users: 7 });
    const reasons = events.map((event) => (event.type === 'capacity_not_measured' ? event.reason : event.type));
    assert.match(reasons[0] ?? '', /could not store a score/);
    assert.match(reasons[1] ?? '', /not one request was answered, 2 were refused and 1 lost/);
    assert.match(reasons[2] ?? '', /got no answer|connection failed/);
    assert.equal(reasons.length, 3);
  });

  it('ends when the run is stopped meanwhile, without a finding', async () => {
    lab.loadgen.baseline = 'hangs';
    const stop = new AbortController();
    const measuring = measure({ capacitySeconds: 2, users: 7 }, stop.signal);
    await waitUntil('the question', () => lab.loadgen.asked.includes('POST /baseline'), { timeoutMs: 2_000 });
    stop.abort(new Error('Ctrl-C'));
    await assert.rejects(measuring, /Ctrl-C/);
    assert.deepEqual(events, []);
  });
});
