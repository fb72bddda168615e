/**
 * The counts that CI adds up match the run: passed, failed (including hooks), pending, and one line
 * per run. With workers, nothing passes that fails a run in one process.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type CommandResult, root, runCommand } from './support/command.ts';

const suites = {
  'suite.cjs': `
describe('two', () => { it('passes', () => {}); it('passes too', () => {}); it('fails', () => { throw new Error('on purpose'); }); it.skip('waits'); });
describe('hook', () => { before(() => { throw new Error('on purpose'); }); it('never runs', () => {}); });`,
  'good.cjs': "describe('good', () => it('passes', () => {}));",
  // Long enough for Mocha to notice the rejection during the test.
  'rejection.cjs': `
describe('rejection', () => it('is not handled', async () => { Promise.reject(new Error('on purpose')); await new Promise((later) => setTimeout(later, 200)); }));`,
  'broken.cjs': 'this is not JavaScript',
  'exit.cjs': "describe('exit', () => it('ends the process', () => process.exit(0)));",
};

describe('count reporter', function () {
  this.timeout(60_000);
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-count-'));
    for (const [name, text] of Object.entries(suites)) await writeFile(join(folder, name), text);
  });
  after(() => rm(folder, { recursive: true }));

  function runMocha(results: string, files: (keyof typeof suites)[], options: string[]): Promise<CommandResult> {
    const program = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config'];
    const setup = ['--reporter', 'test/support/count-reporter.ts', '--require', './test/support/mocha-setup.ts'];
    const paths = files.map((name) => join(folder, name));
    const env = { ENCORE_TEST_RESULTS: results, npm_lifecycle_event: 'check:unit', MOCHA_WORKER_ID: undefined };
    return runCommand(process.execPath, [...program, ...setup, ...options, ...paths], { timeoutMs: 30_000, env });
  }

  async function linesOf(results: string): Promise<unknown[]> {
    const lines = (await readFile(join(results, 'results.ndjson'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  for (const [how, options] of [
    ['in one process', []],
    ['with workers', ['--parallel', '--jobs', '2']],
  ] as const) {
    it(`prints like spec and appends a line for each run, ${how}`, async () => {
      const results = join(folder, how);
      const first = await runMocha(results, ['suite.cjs', 'good.cjs'], [...options]);
      assert.equal(first.exitCode, 2, first.stderr);
      assert.match(first.stdout, /3 passing[\s\S]*1 pending[\s\S]*2 failing/);
      await runMocha(results, ['suite.cjs', 'good.cjs'], [...options]);
      const failures = [
        { title: 'two fails', message: 'on purpose' },
        { title: 'hook "before all" hook for "never runs"', message: 'on purpose' },
      ];
      const expected = { suite: 'check:unit', passed: 3, failed: 2, pending: 1, failures };
      assert.deepEqual(await linesOf(results), [expected, expected]);
      const summary = [join(root, '.ci/summary.mjs'), join(results, 'results.ndjson'), '1'];
      const { exitCode, stdout } = await runCommand(process.execPath, summary, { timeoutMs: 30_000 });
      assert.equal(exitCode, 1);
      assert.match(stdout, /FAILED: two fails\n {2}on purpose\n/);
      assert.match(stdout, /\n6 passed, 4 failed\n$/);
    });

    it(`counts an unhandled rejection as a failure, ${how}`, async () => {
      const run = await runMocha(join(folder, `${how} rejection`), ['good.cjs', 'rejection.cjs'], [...options]);
      assert.notEqual(run.exitCode, 0, run.stdout);
      assert.match(run.stdout, /1 passing[\s\S]*1 failing[\s\S]*is not handled:\s*Uncaught Error: on purpose/);
    });
  }

  for (const name of ['broken.cjs', 'exit.cjs'] as const)
    it(`fails a run with workers on ${name}, and finishes the other files`, async () => {
      const results = join(folder, `results of ${name}`);
      const run = await runMocha(results, [name, 'good.cjs'], ['--parallel', '--jobs', '2']);
      assert.equal(run.exitCode, 1, run.stdout);
      const [line] = await linesOf(results);
      const { failures, ...counts } = line as { failures: { message: string }[] };
      assert.deepEqual(counts, { suite: 'check:unit', passed: 1, failed: 1, pending: 0 });
      assert.equal(failures.length, 1);
    });
});
