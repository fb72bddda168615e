/** The whole generator against a fake server: counts, acknowledgements, stop and read-back. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventSchema, ledgerLineSchema } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { LoadBench, testRequest } from './testing/load-bench.ts';

describe('load', function () {
  this.timeout(120_000);

  it('finds no problem on a correct server and reads back every acknowledged score', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    await load.start(testRequest);
    await bench.operationsDone(400);
    await load.stop();
    const [summary] = bench.ofType('load_summary');
    const [failed] = bench.ofType('attempt_failed');
    assert.deepEqual(Object.keys(summary?.attempts ?? {}), ['ok'], JSON.stringify(failed));
    assert.deepEqual(Object.keys(summary?.operations ?? {}).sort(), ['analyze', 'create', 'export', 'heavy', 'modify']);
    const { type: _, at: __, ...counts } = await bench.readBack(true);
    const acknowledged = fake.scores.size;
    const nothing = { lost: 0, corrupt: 0, duplicate: 0, phantom: 0, unknownPresent: 0, unknownAbsent: 0 };
    assert.deepEqual(counts, { final: true, acknowledged, readBack: acknowledged, ...nothing });
    assert.ok(
      acknowledged > 20 && acknowledged <= testRequest.users * testRequest.load.parameters.liveScoresPerUser + 1,
    );
    for (const event of bench.all()) eventSchema.parse(event);
    const lines = (await readFile(bench.ledgerPath, 'utf8')).trim().split('\n');
    for (const line of lines) ledgerLineSchema.parse(JSON.parse(line));
  });

  it('counts each attempt in one second and in the summary', async () => {
    await using bench = await LoadBench.open();
    await bench.load.start(testRequest);
    await bench.operationsDone(200);
    await bench.load.stop();
    const [summary] = bench.ofType('load_summary');
    const seconds = bench.ofType('load_second');
    const attempts = seconds.reduce((sum, second) => sum + (second.attempts.ok ?? 0), 0);
    const sent = seconds.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    assert.equal(attempts, summary?.attempts.ok);
    assert.equal(attempts, bench.load.status().attempts);
    assert.ok(Math.abs(sent / bench.fake.bytesIn - 1) < 0.01);
  });

  it('lists every scheduled probe of every second', async () => {
    await using bench = await LoadBench.open();
    await bench.load.start(testRequest);
    await waitUntil('two seconds of probes', () => bench.ofType('probe_second').length >= 2, { timeoutMs: 8_000 });
    await bench.load.stop();
    const probes = bench
      .ofType('probe_second')
      .slice(0, 2)
      .flatMap((event) => event.probes);
    assert.equal(probes.length, 20);
    for (const [i, probe] of probes.entries()) {
      assert.ok(Math.abs(probe.dueAt - (probes[0]?.dueAt ?? 0) - i * 100) < 0.01);
      assert.equal(probe.outcome, 'ok');
    }
    const { values } = await bench.metrics.probeSeconds.get();
    const timed = values.find(({ metricName }) => metricName === 'loadgen_probe_seconds_count')?.value ?? 0;
    const correct = bench
      .ofType('probe_second')
      .flatMap((event) => event.probes.filter(({ outcome }) => outcome === 'ok'));
    assert.equal(timed, correct.length);
  });

  it('probes independently: a silent second yields ten deadlines from the intended starts', async () => {
    await using bench = await LoadBench.open();
    await bench.load.start({ ...testRequest, users: 1 });
    await waitUntil('a probe', () => bench.ofType('probe_second').length >= 1, { timeoutMs: 5_000 });
    bench.fake.hook = ({ name }) => (name === 'GET' ? 'handled' : undefined);
    const late = await waitUntil(
      'a second of deadlines',
      () => bench.ofType('probe_second').find(({ probes }) => probes.every(({ outcome }) => outcome === 'deadline')),
      { timeoutMs: 8_000 },
    );
    assert.equal(late.probes.length, 10);
    // A probe that waited for another would take 1 s longer; a busy machine is slightly late.
    for (const { dueAt, endedAt } of late.probes)
      assert.ok(Math.abs(endedAt - dueAt - 1_000) < 300, `${endedAt - dueAt}`);
  });

  it('finds lost, corrupt, duplicate and phantom scores', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    await load.start(testRequest);
    await bench.operationsDone(150);
    await load.stop();
    const [lost = '', corrupt = '', duplicate = ''] = [...fake.scores.keys()].filter((id) => id.includes('-u'));
    fake.scores.delete(lost);
    const damaged = fake.scores.get(corrupt);
    const doubled = fake.scores.get(duplicate);
    assert.ok(damaged && doubled);
    damaged.content = Buffer.concat([damaged.content, Buffer.from(' ')]);
    doubled.version += 1;
    fake.scores.set('test-1-u1-9999', { ...doubled, id: 'test-1-u1-9999' });
    const done = await bench.readBack(true);
    assert.deepEqual([done.lost, done.corrupt, done.duplicate, done.phantom], [1, 1, 1, 1]);
    assert.equal(done.readBack, done.acknowledged);
  });

  it('reports writes without a response as unknown and resolves them in the read-back', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    // Of ten writes, one takes effect without a response and one is dropped, with all retries.
    const silent = new Set<string>();
    let writes = 0;
    fake.hook = ({ name, request, response }) => {
      const key = String(request.headers['idempotency-key'] ?? '');
      if (name !== 'PUT' || (!silent.has(key) && writes++ % 5 !== 0)) return undefined;
      const carriedOut = !silent.has(key) && writes % 10 === 1;
      silent.add(key);
      if (carriedOut) return 'no-answer';
      response.socket?.destroy();
      return 'handled';
    };
    await load.start(testRequest);
    await bench.operationsDone(200);
    await load.stop();
    fake.hook = () => undefined;
    assert.ok(bench.ofType('attempt_failed').every(({ outcome }) => outcome === 'reset_before'));
    assert.ok(bench.ofType('answered_again').length > 0);
    const [summary] = bench.ofType('load_summary');
    assert.ok((summary?.operations['create']?.unknown ?? 0) > 0);
    assert.ok((summary?.operations['modify']?.unknown ?? 0) > 0);
    const done = await bench.readBack(true);
    assert.ok(done.unknownAbsent > 0 && done.unknownPresent > 0, JSON.stringify(done));
    assert.deepEqual([done.lost, done.corrupt, done.duplicate, done.phantom], [0, 0, 0, 0]);
    assert.equal(done.readBack, done.acknowledged);
  });

  it('stops when the lease expires and rejects later renewals', async () => {
    let skippedMs = 0;
    await using bench = await LoadBench.open({ now: () => systemClock.now() + skippedMs, sleep: systemClock.sleep });
    const { load } = bench;
    await load.start(testRequest);
    load.renew('test-1');
    await bench.operationsDone(10);
    skippedMs = 15_001;
    await waitUntil('the end', () => load.status().state === 'stopped', { timeoutMs: 10_000 });
    assert.throws(() => load.renew('test-1'), { code: 'RUN_OVER', status: 410 });
    assert.equal(load.status().users, 0);
  });

  it('refuses a second run, and a final read-back during a run', async () => {
    await using bench = await LoadBench.open();
    const { load } = bench;
    await load.start(testRequest);
    await assert.rejects(load.start({ ...testRequest, runId: 'test-2' }), { code: 'RUN_ACTIVE' });
    assert.throws(() => load.startReadBack(true), { code: 'RUN_ACTIVE' });
    await load.start(testRequest);
  });

  it('starts a run once that is requested twice, and refuses another run and a sample meanwhile', async () => {
    await using bench = await LoadBench.open();
    const { load } = bench;
    const starts = [load.start(testRequest), load.start(testRequest)];
    assert.equal(load.status().state, 'ramping');
    await assert.rejects(load.start({ ...testRequest, runId: 'test-2' }), { message: /run test-1 is active/ });
    assert.throws(() => load.startReadBack(false, 'test-1'), { code: 'RUN_OVER' });
    await Promise.all(starts);
    assert.equal(bench.ofType('workload_loaded').length, 1);
  });

  it('samples scores during the run and finds problems', async () => {
    await using bench = await LoadBench.open();
    await bench.start(testRequest);
    await bench.operationsDone(100);
    const intact = await bench.readBack(false);
    assert.equal(intact.final, false);
    assert.ok(intact.readBack > 5);
    assert.deepEqual([intact.lost, intact.corrupt, intact.duplicate], [0, 0, 0]);
    assert.equal(bench.load.status().state, 'running');
    bench.fake.hook = ({ name }) => (name === 'GET' ? 'flipped-byte' : undefined);
    const damaged = await bench.readBack(false);
    assert.equal(damaged.corrupt, damaged.readBack);
  });

  it('records a problem found by a sample once, and again in the final read-back', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    // No user deletes or reads the lost score, so only a sample can find it.
    const { load: settings } = testRequest;
    const mix = { create: 1, analyze: 0, modify: 0, export: 0, heavy: 0 };
    await bench.start({
      ...testRequest,
      users: 1,
      load: { ...settings, mix, parameters: { liveScoresPerUser: 1_000 } },
    });
    await bench.operationsDone(20);
    const [lost = ''] = [...fake.scores.keys()].filter((id) => id.includes('-u'));
    fake.scores.delete(lost);
    const first = await bench.readBack(false);
    assert.deepEqual([first.lost, first.corrupt, first.duplicate], [1, 0, 0]);
    const second = await bench.readBack(false);
    assert.equal(second.lost, 0);
    await load.stop();
    const final = await bench.readBack(true);
    assert.equal(final.lost, 1);
    const findings = (await readFile(bench.ledgerPath, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => ledgerLineSchema.parse(JSON.parse(line)))
      .flatMap((entry) => (entry.type === 'read_back' && entry.finding !== 'intact' ? [entry] : []));
    const finding = { key: `${lost}-w1`, id: lost, found: null, finding: 'lost' };
    assert.deepEqual(
      findings.map(({ key, id, found, finding }) => ({ key, id, found, finding })),
      [finding, finding],
    );
  });

  it('aborts a sample on stop and can then start the final read-back', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    await load.start(testRequest);
    await bench.operationsDone(50);
    const { hook } = fake;
    // Reads never get a response, so only the stop can end the sample before its 30 s.
    fake.hook = ({ name }) => (name === 'GET' ? 'handled' : undefined);
    load.startReadBack(false);
    await load.stop('requested', 1_000);
    fake.hook = hook;
    assert.equal(load.status().state, 'stopped');
    const final = await bench.readBack(true);
    assert.deepEqual([bench.ofType('read_back_done').length, final.final], [1, true]);
  });

  it('removes scores of earlier runs and no others', async () => {
    await using bench = await LoadBench.open();
    const { load, fake } = bench;
    const content = Buffer.from('<x/>');
    for (const id of ['old-1-u3-17', 'old-1-probe-1', 'somebody-else'])
      fake.scores.set(id, { id, version: 1, content, previous: null });
    await load.start(testRequest);
    const gone = () => !fake.scores.has('old-1-u3-17') && !fake.scores.has('old-1-probe-1');
    await waitUntil('deletion of the old scores', gone, { timeoutMs: 5_000 });
    await load.stop();
    assert.ok(fake.scores.has('somebody-else'));
  });
});
