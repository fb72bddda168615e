/**
 * Mistakes of a workload in a real thread: each is reported as one of the workload, with its place,
 * and none counts against the server.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventOf, LoadRunRequest } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FakeServer } from './testing/fake-server.ts';
import { inThread } from './testing/in-thread.ts';
import { TestLoad } from './testing/test-load.ts';

const file = 'broken-workload.ts';

interface Mistake {
  where: RegExp;
  problem: RegExp;
}

const mistakes: Record<string, Mistake> = {
  throws: { where: /^operation act$/, problem: /^Error: a mistake/ },
  'throws in a check': { where: /^operation act$/, problem: /^TypeError/ },
  loops: { where: /^thread$/, problem: /did not respond/ },
  'waits forever': { where: /^operation act$/, problem: /did not end within 5 s of its deadline/ },
  rejects: { where: /unhandled rejection/, problem: /nobody waits for this/ },
  leaks: { where: /^thread$/, problem: /too much memory/ },
  'writes a wrong digest': { where: /^operation act$/, problem: /use digestOf/ },
  'writes an id of its own': { where: /^operation act$/, problem: /newId\(\)/ },
  'builds an invalid request': { where: /^operation act$/, problem: /path "no slash"/ },
  'does not wait': { where: /^operation act$/, problem: /await each request/ },
  exits: { where: /^operation act$/, problem: /process\.exit would end the users/ },
  'kills itself': { where: /^operation act$/, problem: /process\.kill would end the users/ },
  'replaces a global': { where: /^thread$/, problem: /^it changes setTimeout, which the load generator needs/ },
  'plans badly': { where: /^plan of user \d, who stops$/, problem: /^Error: no plan/ },
  'throws in a later probe': { where: /^probe$/, problem: /^Error: no other probe/ },
  'throws in readBack': { where: /^readBack$/, problem: /^Error: not read/ },
  'reads back no digest': { where: /^readBack$/, problem: /return digestOf\(\.\.\.\)/ },
  'lists what it must not': { where: /^list$/, problem: /"item-1", which does not start with "test-1-"/ },
};
/** The thread does not survive these, and the load ends with it. */
const fatal = ['loops', 'leaks'];

describe('mistakes of a workload', function () {
  this.timeout(120_000);
  let fake: FakeServer;
  beforeEach(async () => {
    fake = await FakeServer.start();
  });
  afterEach(() => fake[Symbol.asyncDispose]());
  const newLoad = () => TestLoad.of({ workload: import.meta.resolve(`./testing/${file}`), targetUrl: fake.url });

  it('ends a thread that keeps too many buffers', async () => {
    await using bench = await newLoad();
    await bench.start(requestWith('keeps buffers'));
    const failed = await waitUntil('the failure', () => bench.ofType('workload_failed')[0], { timeoutMs: 60_000 });
    assert.deepEqual([failed.where, failed.problem], ['thread', 'it used too much memory for buffers']);
    await waitUntil('the end', () => bench.load.status().state === 'stopped', { timeoutMs: 60_000 });
  });

  for (const [mistake, { where, problem }] of Object.entries(mistakes)) {
    it(`attributes one that ${mistake} to the workload`, async () => {
      await using bench = await newLoad();
      const { load } = bench;
      await bench.start(requestWith(mistake));
      if (['^readBack$', '^list$'].includes(where.source)) {
        await waitUntil('a write', () => load.status().acknowledged > 0, { timeoutMs: 60_000 });
        await load.stop('done', 100);
        load.startReadBack(true);
      }
      // A thread that collects garbage in vain is silent before it runs out of memory.
      const failed = await waitUntil(
        'the failure',
        () => bench.ofType('workload_failed').find((event) => problem.test(event.problem)),
        { timeoutMs: 60_000 },
      );
      if (fatal.includes(mistake)) {
        await waitUntil('the end', () => load.status().state === 'stopped', { timeoutMs: 60_000 });
        assert.throws(() => load.renew('test-1'), { code: 'WORKLOAD_FAILED', message: /the workload's thread ended/ });
      }
      await load.stop('done', 100);
      assert.match(failed.where, where);
      assert.ok(failed.fromAt <= failed.toAt);
      assert.match(
        failed.location ?? '',
        new RegExp(`^${file}:${await lineOf(where.source === '^list$' ? 'list' : mistake)}(:\\d+)?$`),
      );
      const blamed = bench.failedAttempts().filter(({ outcome }) => outcome !== 'not_started');
      assert.deepEqual(blamed, []);
      const [summary] = bench.ofType('load_summary');
      for (const { failed, unknown } of Object.values(summary?.operations ?? assert.fail('no summary')))
        assert.deepEqual([failed, unknown], [0, 0]);
      assert.deepEqual(bench.ofType('read_back_done'), []);
    });
  }

  it('finds an object corrupt whose response fails a check of readBack', async () => {
    await using bench = await newLoad();
    await bench.start(requestWith('reads back no JSON'));
    await waitUntil('a write', () => bench.load.status().acknowledged > 0, { timeoutMs: 60_000 });
    await bench.load.stop('done', 100);
    const { acknowledged, corrupt } = await bench.readBack(true);
    const lines = (await readFile(join(bench.runsDir, 'test-1', 'ledger.ndjson'), 'utf8')).split('\n');
    const read = lines.filter((line) => line.includes('"read_back"')).map((line) => JSON.parse(line));
    assert.ok(read.length >= acknowledged);
    for (const { found, problem, finding } of read)
      assert.deepEqual([found, problem.slice(0, 8), finding], [null, 'not JSON', 'corrupt']);
    assert.ok(acknowledged > 0);
    assert.equal(corrupt, acknowledged);
    assert.deepEqual(bench.ofType('workload_failed'), []);
  });

  it('does not start a run whose setup throws, and names the place', async () => {
    await using bench = await newLoad();
    const place = `${file}:${await lineOf('throws in setup')}:\\d+`;
    await assert.rejects(bench.start(requestWith('throws in setup')), {
      code: 'WORKLOAD_FAILED',
      message: new RegExp(`^the workload failed \\(${place}\\): Error: not set up$`),
    });
    assert.equal(bench.load.status().state, 'idle');
  });
});

describe('functions of a workload that do not end', function () {
  this.timeout(120_000);
  let fake: FakeServer;
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  beforeEach(async () => {
    fake = await FakeServer.start();
  });
  afterEach(() => fake[Symbol.asyncDispose]());
  const newLoad = () =>
    TestLoad.of({
      workload: import.meta.resolve(`./testing/${file}`),
      targetUrl: fake.url,
      clock,
      startThread: inThread(clock),
    });

  /** Lets the clock run ahead, 4 s every 0.1 s, until `work` has ended. */
  async function inLessTime<Value>(work: Promise<Value>): Promise<Value> {
    const running = setInterval(() => {
      aheadMs += 4_000;
    }, 100);
    return await work.finally(() => clearInterval(running));
  }

  async function failureOfReadBack(bench: TestLoad): Promise<string> {
    const startedAt = clock.now();
    bench.load.startReadBack(true);
    const failure = await inLessTime(
      waitUntil('the failure', () => bench.load.status().readBackFailure ?? undefined, { timeoutMs: 600_000 }),
    );
    // Most of it passes while the watch, which uses real time, looks twice.
    assert.ok(clock.now() - startedAt < 250_000, failure);
    return failure;
  }

  /** Not of the thread, which seems silent while the clock runs ahead. */
  function failureOf(bench: TestLoad, name: string): EventOf<'workload_failed'> | undefined {
    return bench.ofType('workload_failed').find(({ where }) => where === name);
  }

  async function stoppedAfterWrite(bench: TestLoad, mistake: string): Promise<void> {
    await bench.start(requestWith(mistake));
    await waitUntil('a write', () => bench.load.status().acknowledged > 0, { timeoutMs: 60_000 });
    await bench.load.stop('done', 100);
  }

  it('does not start a run whose setup never ends, or gets no usable response', async () => {
    await using bench = await newLoad();
    const place = `${file}:${await lineOf('setup')}:\\d+`;
    await assert.rejects(inLessTime(bench.start(requestWith('waits forever in setup'))), {
      code: 'WORKLOAD_FAILED',
      message: new RegExp(`^the workload failed \\(${place}\\): Error: it did not end within 5 s of its deadline`),
    });
    fake.hook = ({ response }) => {
      response.writeHead(503).end();
      return 'handled';
    };
    await assert.rejects(inLessTime(bench.start(requestWith('throws'))), {
      code: 'NO_ANSWER',
      message: /^setup of the workload failed: GET \/scores\?limit=1: no usable response .*; last: status 503$/,
    });
    assert.equal(bench.load.status().state, 'idle');
  });

  for (const mistake of ['waits forever in readBack', 'waits forever in list', 'repeats itself in list'])
    it(`ends a read-back that ${mistake}, within the time of one call`, async () => {
      const name = mistake.endsWith('list') ? 'list' : 'readBack';
      await using bench = await newLoad();
      await stoppedAfterWrite(bench, mistake);
      assert.match(await failureOfReadBack(bench), /^WORKLOAD_FAILED the workload failed \(.*did not end/);
      const failed = failureOf(bench, name);
      const line = await lineOf(name === 'list' ? 'list' : 'reads back no digest');
      assert.match(failed?.location ?? '', new RegExp(`^${file}:${line}:`));
      assert.deepEqual(bench.ofType('read_back_done'), []);
      const ledger = await readFile(join(bench.runsDir, 'test-1', 'ledger.ndjson'), 'utf8');
      assert.doesNotMatch(ledger, /duplicate|phantom/);
    });

  it('names the request that kept the read-back from ending', async () => {
    await using bench = await newLoad();
    await stoppedAfterWrite(bench, 'reads back no JSON');
    fake.hook = ({ response }) => {
      response.writeHead(500).end();
      return 'handled';
    };
    const problem = /^NO_ANSWER GET \/scores\/test-1-u\d-1: no usable response before the deadline; last: status 500$/;
    assert.match(await failureOfReadBack(bench), problem);
    assert.equal(failureOf(bench, 'readBack'), undefined);
  });

  it('ends a load whose teardown never ends', async () => {
    await using bench = await newLoad();
    await bench.start(requestWith('waits forever in teardown'));
    await inLessTime(bench.load.stop('done', 100));
    const failed = failureOf(bench, 'teardown');
    assert.match(failed?.location ?? '', new RegExp(`^${file}:${await lineOf('teardown')}:`));
    assert.equal(bench.ofType('load_summary').length, 1);
  });
});

const common = {
  runId: 'test-1',
  seed: 1,
  users: 2,
  rampSeconds: 0,
  load: { thinkSeconds: { min: 0.05, max: 0.1 }, probesPerSecond: 5 },
};

function requestWith(mistake: string): LoadRunRequest {
  return { ...common, load: { ...common.load, mix: {}, parameters: { mistake } } };
}

/** The line that ends with the mistake as a comment, or that follows the comment. */
async function lineOf(mistake: string): Promise<number> {
  const lines = (await readFile(join(import.meta.dirname, 'testing', file), 'utf8')).split('\n');
  const index = lines.findIndex((line) => line.endsWith(`// ${mistake}`));
  return lines[index]?.trim() === `// ${mistake}` ? index + 2 : index + 1;
}
