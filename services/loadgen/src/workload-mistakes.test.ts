/**
 * Mistakes of a workload in a real thread: each is reported as one of the workload, with its place,
 * and none counts against the server.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FakeServer } from './testing/fake-server.ts';
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
  'plans badly': { where: /^plan of user \d, who stops$/, problem: /^Error: no plan/ },
  'throws in readBack': { where: /^readBack$/, problem: /^Error: not read/ },
  'reads back no digest': { where: /^readBack$/, problem: /return digestOf\(\.\.\.\)/ },
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

  for (const [mistake, { where, problem }] of Object.entries(mistakes)) {
    it(`attributes one that ${mistake} to the workload`, async () => {
      await using bench = await newLoad();
      const { load } = bench;
      await bench.start({ ...common, load: { ...common.load, mix: {}, parameters: { mistake } } });
      if (where.source === '^readBack$') {
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
      assert.match(failed.location ?? '', new RegExp(`^${file}:${await lineOf(mistake)}:\\d+$`));
      const blamed = bench.failedAttempts().filter(({ outcome }) => outcome !== 'not_started');
      assert.deepEqual(blamed, []);
      const [summary] = bench.ofType('load_summary');
      for (const { failed, unknown } of Object.values(summary?.operations ?? assert.fail('no summary')))
        assert.deepEqual([failed, unknown], [0, 0]);
      assert.deepEqual(bench.ofType('read_back_done'), []);
    });
  }

  it('does not start a run whose setup throws, and names the place', async () => {
    await using bench = await newLoad();
    const settings = { ...common.load, mix: {}, parameters: { mistake: 'throws in setup' } };
    const place = `${file}:${await lineOf('throws in setup')}:\\d+`;
    await assert.rejects(bench.start({ ...common, load: settings }), {
      code: 'WORKLOAD_FAILED',
      message: new RegExp(`^the workload failed \\(${place}\\): Error: not set up$`),
    });
    assert.equal(bench.load.status().state, 'idle');
  });
});

const common = {
  runId: 'test-1',
  seed: 1,
  users: 2,
  rampSeconds: 0,
  load: { thinkSeconds: { min: 0.05, max: 0.1 }, probesPerSecond: 5 },
};

/** The line that ends with the mistake as a comment, or that follows the comment. */
async function lineOf(mistake: string): Promise<number> {
  const lines = (await readFile(join(import.meta.dirname, 'testing', file), 'utf8')).split('\n');
  const index = lines.findIndex((line) => line.endsWith(`// ${mistake}`));
  return lines[index]?.trim() === `// ${mistake}` ? index + 2 : index + 1;
}
