/** The capacity test is recorded, and its failure never ends the run. */
import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { HistoryWriter } from '../../history/history-writer.ts';
import { ServiceClients } from '../../service-clients.ts';
import { profiles } from '../../settings/profiles.ts';
import { planOf } from '../../testing/fake-run.ts';
import { FakeServices } from '../../testing/fake-services.ts';
import { measureCapacity } from './measure-capacity.ts';

describe('measureCapacity', () => {
  let lab: FakeServices;
  const events: EncoreEvent[] = [];

  beforeEach(async () => {
    lab = await FakeServices.start();
    events.length = 0;
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  function measure(settings: { capacitySeconds: number; users: number }, signal = new AbortController().signal) {
    const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 1, ...settings };
    const run = { id: 'r1', folder: '', startedAt: 0, plan: planOf(1, []), system: lab.system };
    const history = new HistoryWriter((event) => events.push(event));
    return measureCapacity(
      { run: { ...run, config }, history, clients: new ServiceClients(lab.wiring), clock: systemClock },
      signal,
    );
  }

  it('uses one connection per user, and records the result', async () => {
    await measure({ capacitySeconds: 2, users: 7 });
    const [event] = events;
    assert.ok(event?.type === 'capacity_measured' && event.requestsPerSecond === 900 && event.answered === 1_800);
    assert.deepEqual([event.seconds, event.connections], [2, 7]);
    await measure({ capacitySeconds: 2, users: 5_000 });
    assert.ok(events[1]?.type === 'capacity_measured' && events[1].connections === 100);
  });

  it('is skipped when the settings say 0 seconds', async () => {
    await measure({ capacitySeconds: 0, users: 7 });
    assert.deepEqual([events, lab.loadgen.asked], [[], []]);
  });

  it('records the reason of a failure, and lets the run continue', async () => {
    lab.loadgen.capacityTest = 'fails';
    await measure({ capacitySeconds: 2, users: 7 });
    lab.loadgen.capacityTest = 'unanswered';
    await measure({ capacitySeconds: 2, users: 7 });
    await lab.loadgen.stop();
    await measure({ capacitySeconds: 2, users: 7 });
    const reasons = events.map((event) => (event.type === 'capacity_not_measured' ? event.reason : event.type));
    assert.match(reasons[0] ?? '', /could not store a score/);
    assert.match(reasons[1] ?? '', /no request was answered: 2 refused, 1 lost/);
    assert.match(reasons[2] ?? '', /got no answer|connection failed/);
    assert.equal(reasons.length, 3);
  });

  it('ends without an event when the run is stopped', async () => {
    lab.loadgen.capacityTest = 'hangs';
    const stop = new AbortController();
    const measuring = measure({ capacitySeconds: 2, users: 7 }, stop.signal);
    await waitUntil('the question', () => lab.loadgen.asked.includes('POST /capacity-test'), { timeoutMs: 2_000 });
    stop.abort(new Error('Ctrl-C'));
    await assert.rejects(measuring, /Ctrl-C/);
    assert.deepEqual(events, []);
  });
});
