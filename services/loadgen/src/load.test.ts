/** The whole generator against a fake server: what it counts, promises, stops and reads back. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncoreEvent, EventOf, LoadRunRequest } from '@encore/contracts';
import { eventSchema, ledgerEntrySchema } from '@encore/contracts';
import { createLogger, createRegistry, EventLog, systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Load } from './load.ts';
import { createMetrics } from './metrics.ts';
import { FakeServer } from './testing/fake-server.ts';

const request: LoadRunRequest = {
  runId: 'test-1',
  seed: 7,
  users: 10,
  rampSeconds: 0.5,
  load: {
    mix: { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 },
    thinkSeconds: { min: 0.02, max: 0.06 },
    byteBudgetPerSecond: 2_000_000,
    liveScoresPerUser: 5,
    probesPerSecond: 10,
  },
};

describe('load', function () {
  this.timeout(30_000);
  let fake: FakeServer;
  let runsDir: string;
  let events: EventLog;
  let load: Load;

  beforeEach(async () => {
    fake = await FakeServer.start();
    runsDir = await mkdtemp(join(tmpdir(), 'encore-load-'));
    events = new EventLog();
    load = new Load({
      targetUrl: fake.url,
      runsDir,
      clock: systemClock,
      logger: createLogger('loadgen', 'silent'),
      metrics: createMetrics(createRegistry('loadgen')),
      events,
    });
  });

  afterEach(async () => {
    await load[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
    await rm(runsDir, { recursive: true, force: true });
  });

  const all = (): EncoreEvent[] => events.page(undefined, 0).events.map(({ event }) => event);
  const ofType = <Type extends EncoreEvent['type']>(type: Type) =>
    all().filter((event): event is EventOf<Type> => event.type === type);
  const operationsDone = (count: number) =>
    waitUntil(`${count} operations`, () => load.status().operations >= count, { timeoutMs: 20_000 });
  const finalReadBack = async () => {
    load.startReadBack(true);
    return waitUntil('the read-back', () => ofType('read_back_done').at(-1), { timeoutMs: 10_000 });
  };

  it('finds nothing wrong with a server that is right, and reads back everything it was promised', async () => {
    await load.start(request);
    await operationsDone(500);
    await load.stop();
    const [summary] = ofType('load_summary');
    assert.deepEqual(
      Object.keys(summary?.attempts ?? {}),
      ['ok'],
      JSON.stringify(ofType('attempt_failed').slice(0, 3)),
    );
    assert.deepEqual(Object.keys(summary?.operations ?? {}).sort(), ['analyze', 'create', 'export', 'heavy', 'modify']);
    const done = await finalReadBack();
    assert.equal(done.acknowledged, fake.scores.size);
    assert.equal(done.readBack, done.acknowledged);
    const { lost, corrupt, duplicate, phantom, unknownPresent, unknownAbsent } = done;
    assert.deepEqual([lost, corrupt, duplicate, phantom, unknownPresent, unknownAbsent], [0, 0, 0, 0, 0, 0]);
    assert.ok(fake.scores.size <= request.users * request.load.liveScoresPerUser + 1);
    for (const event of all()) eventSchema.parse(event);
    const lines = (await readFile(join(runsDir, 'test-1', 'ledger.ndjson'), 'utf8')).trim().split('\n');
    for (const line of lines) ledgerEntrySchema.parse(JSON.parse(line));
  });

  it('counts each operation and attempt of a second, and all of them in the summary', async () => {
    await load.start(request);
    await operationsDone(200);
    await load.stop();
    const seconds = ofType('load_second');
    const [summary] = ofType('load_summary');
    const counted = seconds.reduce((sum, { attempts }) => sum + (attempts.ok ?? 0), 0);
    assert.equal(counted, summary?.attempts.ok);
    assert.equal(counted, load.status().attempts);
  });

  it('lists every probe of every second on its schedule', async () => {
    await load.start(request);
    await waitUntil('three seconds of probes', () => ofType('probe_second').length >= 3, { timeoutMs: 8_000 });
    await load.stop();
    const probes = ofType('probe_second')
      .slice(0, 3)
      .flatMap((event) => event.probes);
    assert.equal(probes.length, 30);
    for (const [i, probe] of probes.entries()) {
      assert.ok(Math.abs(probe.dueAt - (probes[0]?.dueAt ?? 0) - i * 100) < 0.01);
      assert.equal(probe.outcome, 'ok');
    }
  });

  it('finds lost, corrupted, doubled and unpromised scores', async () => {
    await load.start(request);
    await operationsDone(200);
    await load.stop();
    const ids = [...fake.scores.keys()].filter((id) => id.includes('-u'));
    const [lost = '', corrupt = '', duplicate = ''] = ids;
    fake.scores.delete(lost);
    const damaged = fake.scores.get(corrupt);
    const doubled = fake.scores.get(duplicate);
    assert.ok(damaged && doubled);
    damaged.content = Buffer.concat([damaged.content, Buffer.from(' ')]);
    doubled.version += 1;
    fake.scores.set('test-1-u1-9999', { ...doubled, id: 'test-1-u1-9999' });
    const done = await finalReadBack();
    assert.deepEqual([done.lost, done.corrupt, done.duplicate, done.phantom], [1, 1, 1, 1]);
    assert.equal(done.readBack, done.acknowledged);
  });

  it('ends writes without an answer as unknown, and resolves them', async () => {
    let calls = 0;
    // Every 20th write is carried out and not answered; its retries fail before they are carried out.
    const broken = new Set<string>();
    fake.hook = ({ name, request: incoming, response }) => {
      const key = String(incoming.headers['idempotency-key'] ?? '');
      if (name !== 'PUT') return undefined;
      calls += 1;
      if (broken.has(key) || calls % 20 === 0) {
        if (!broken.has(key) && calls % 40 === 0) {
          fake.write(incoming.url?.split('/')[2] ?? '', Buffer.from('<x/>'), key, null);
        }
        broken.add(key);
        response.socket?.destroy();
        return 'taken';
      }
      return undefined;
    };
    await load.start({ ...request, load: { ...request.load, mix: { ...request.load.mix, heavy: 0 } } });
    await operationsDone(150);
    await load.stop();
    fake.hook = () => undefined;
    const failed = ofType('attempt_failed');
    assert.ok(failed.length > 0);
    assert.ok(
      failed.every(({ outcome }) => ['reset_before', 'stale', 'corrupt', 'cancelled_at_end'].includes(outcome)),
    );
    assert.ok(ofType('answered_again').length > 0);
    const text = await readFile(join(runsDir, 'test-1', 'ledger.ndjson'), 'utf8');
    assert.match(text, /"type":"unknown"/);
    const done = await finalReadBack();
    assert.ok(done.unknownAbsent + done.unknownPresent + done.corrupt > 0);
    assert.equal(done.lost, 0);
  });

  it('stops by itself when nobody renews the lease, and says so to who renews later', async () => {
    let skippedMs = 0;
    await load[Symbol.asyncDispose]();
    load = new Load({
      targetUrl: fake.url,
      runsDir,
      clock: { now: () => systemClock.now() + skippedMs, sleep: systemClock.sleep },
      logger: createLogger('loadgen', 'silent'),
      metrics: createMetrics(createRegistry('loadgen')),
      events,
    });
    await load.start(request);
    load.renew('test-1');
    await operationsDone(10);
    skippedMs = 15_001;
    await waitUntil('the end', () => load.status().state === 'stopped', { timeoutMs: 10_000 });
    assert.throws(() => load.renew('test-1'), { code: 'RUN_OVER', status: 410 });
    assert.equal(load.status().users, 0);
  });

  it('refuses a second run, and a final read-back while the load runs', async () => {
    await load.start(request);
    await assert.rejects(load.start({ ...request, runId: 'test-2' }), { code: 'RUN_ACTIVE' });
    assert.throws(() => load.startReadBack(true), { code: 'RUN_ACTIVE' });
    await load.start(request);
  });

  it('samples what the users own while they go on', async () => {
    await load.start(request);
    await operationsDone(100);
    load.startReadBack(false);
    const done = await waitUntil('the sample', () => ofType('read_back_done')[0], { timeoutMs: 5_000 });
    assert.equal(done.final, false);
    assert.ok(done.readBack > 5);
    assert.deepEqual([done.lost, done.corrupt, done.duplicate], [0, 0, 0]);
    assert.equal(load.status().state, 'running');
  });

  it("removes the scores of earlier runs, and nobody else's", async () => {
    const content = Buffer.from('<x/>');
    for (const id of ['old-1-u3-17', 'old-1-probe-1', 'somebody-else'])
      fake.scores.set(id, { id, version: 1, content, previous: null });
    await load.start(request);
    await waitUntil('the old ones gone', () => !fake.scores.has('old-1-u3-17') && !fake.scores.has('old-1-probe-1'), {
      timeoutMs: 5_000,
    });
    await load.stop();
    assert.ok(fake.scores.has('somebody-else'));
  });
});
