import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncoreEvent, type HistoryLine, historyLineSchema } from '@encore/contracts';
import { canonicalJson, crcHex, EventLog, systemClock } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ServiceClients } from '../service-clients.ts';
import { FakeService } from '../testing/fake-service.ts';
import { EventPoller } from './event-poller.ts';
import { HistoryWriter } from './history-writer.ts';

class Silent extends FakeService {
  protected override routes(): void {}
}

describe('history', () => {
  let folder = '';
  let history: HistoryWriter;
  let service: Silent;
  let restarts = 0;
  const lines = async (): Promise<HistoryLine[]> => {
    await history.flushed();
    const text = await readFile(join(folder, 'history.ndjson'), 'utf8');
    return text
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => historyLineSchema.parse(JSON.parse(line)));
  };
  const poller = (since = 0, lostAfterMs = 10_000): EventPoller =>
    new EventPoller({
      source: 'chaos',
      clients: new ServiceClients({ chaosUrl: service.url, loadgenUrl: '' }),
      clock: systemClock,
      since,
      history,
      onRestart: () => {
        restarts += 1;
      },
      lostAfterMs,
    });
  const event = (at: number): EncoreEvent => ({ type: 'fault_due', at, faultId: 'f0001', plannedAt: at });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-history-'));
    history = new HistoryWriter(() => undefined);
    await history.open(join(folder, 'history.ndjson'), (error) => assert.fail(String(error)));
    service = new Silent();
    await service.start();
    restarts = 0;
  });
  afterEach(async () => {
    await history[Symbol.asyncDispose]();
    await service.stop();
    await rm(folder, { recursive: true });
  });

  it('writes each event once, with a number and a CRC', async () => {
    const fetching = poller();
    service.events.add(event(1));
    await fetching.poll();
    service.events.add(event(2));
    service.events.add(event(3));
    await fetching.poll();
    await fetching.poll();
    const written = await lines();
    assert.deepEqual(
      written.map(({ seq }) => seq),
      [1, 2, 3],
    );
    assert.deepEqual(
      written.map(({ event: { at } }) => at),
      [1, 2, 3],
    );
    for (const { crc, ...line } of written) assert.equal(crc, crcHex(canonicalJson(line)));
  });

  it('ignores events of an earlier run', async () => {
    service.events.add(event(5));
    service.events.add(event(15));
    await poller(10).poll();
    assert.deepEqual(
      (await lines()).map(({ event: { at } }) => at),
      [15],
    );
  });

  it('continues with a service that restarted, without repeating its journal', async () => {
    const fetching = poller();
    service.events.add(event(1));
    service.events.add(event(2));
    await fetching.poll();
    await service.restart();
    for (const at of [1, 2, 3]) service.events.add(event(at));
    await fetching.drain(AbortSignal.timeout(5_000));
    assert.deepEqual(
      (await lines()).map(({ event: { at } }) => at),
      [1, 2, 3],
    );
    assert.equal(restarts, 1);
  });

  it('records a lost source once, and dropped events', async () => {
    const fetching = poller(0, 0);
    await service.stop();
    await fetching.poll();
    await fetching.poll();
    assert.deepEqual(
      (await lines()).map(({ event: { type } }) => type),
      ['source_lost'],
    );
    service.events = new EventLog(10);
    for (let at = 1; at <= 20; at += 1) service.events.add(event(at));
    await service.start();
    await fetching.poll();
    const losses = (await lines()).filter(({ event: { type } }) => type === 'source_lost');
    assert.equal(losses.length, 2);
    assert.match(JSON.stringify(losses[1]), /dropped/);
  });

  it('records no loss in a second run of services that stayed up', async () => {
    const lost = async () => (await lines()).filter(({ event: { type } }) => type === 'source_lost');
    const firstRun = poller();
    for (const at of [1, 2]) service.events.add(event(at));
    await firstRun.drain(AbortSignal.timeout(5_000));
    const secondRun = poller(10);
    for (let round = 0; round < 3; round += 1) assert.equal(await secondRun.poll(), 0);
    service.events.add(event(11));
    assert.equal(await secondRun.poll(), 1);
    assert.equal(await secondRun.poll(), 0);
    assert.deepEqual(await lost(), []);
    assert.deepEqual(
      (await lines()).map(({ event: { at } }) => at),
      [1, 2, 11],
    );
  });

  it('does not record events that were dropped between two runs', async () => {
    service.events = new EventLog(10);
    for (let at = 1; at <= 40; at += 1) service.events.add(event(at));
    service.events.add(event(100));
    await poller(90).drain(AbortSignal.timeout(5_000));
    assert.deepEqual(
      (await lines()).map(({ event: { at } }) => at),
      [100],
    );
  });

  it('records that another program fetched events', async () => {
    const fetching = poller();
    service.events.add(event(1));
    await fetching.drain(AbortSignal.timeout(5_000));
    for (const at of [2, 3]) service.events.add(event(at));
    await poller().drain(AbortSignal.timeout(5_000));
    await fetching.poll();
    const [lost] = (await lines()).filter(({ event: { type } }) => type === 'source_lost');
    assert.match(JSON.stringify(lost), /another program fetched 2 events/);
    await fetching.poll();
    assert.equal((await lines()).filter(({ event: { type } }) => type === 'source_lost').length, 1);
  });

  it('writes each event once if two polls overlap', async () => {
    const fetching = poller();
    const health = { lateStarts: 0, starts: 1, eventLoopDelayP99Ms: 1, cpuShare: 0.1, memoryBytes: 1 };
    service.events.add({ type: 'generator_checked', at: 1, ...health });
    assert.deepEqual(await Promise.all([fetching.poll(), fetching.poll()]), [1, 0]);
    assert.equal((await lines()).length, 1);
  });

  it('fetches page after page until no events are left', async () => {
    for (let at = 1; at <= 12_000; at += 1) service.events.add(event(at));
    await poller().drain(AbortSignal.timeout(8_000));
    assert.equal((await lines()).length, 12_000);
  });
});
