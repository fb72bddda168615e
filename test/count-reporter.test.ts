/** The numbers that CI adds up are those of the run: passed, failed (hooks too), pending, and one line per run. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { root, runCommand } from './support/command.ts';

const suite = `
describe('two', () => { it('passes', () => {}); it('passes too', () => {}); it('fails', () => { throw new Error('on purpose'); }); it.skip('waits'); });
describe('hook', () => { before(() => { throw new Error('on purpose'); }); it('never runs', () => {}); });
`;

describe('count reporter', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-count-'));
    await writeFile(join(folder, 'suite.cjs'), suite);
  });
  after(() => rm(folder, { recursive: true }));

  const runMocha = (results: string) =>
    runCommand(
      process.execPath,
      [
        join(root, 'node_modules/mocha/bin/mocha.js'),
        '--no-config',
        '--reporter',
        'test/support/count-reporter.ts',
        join(folder, 'suite.cjs'),
      ],
      { timeoutMs: 8_000, env: { ENCORE_TEST_RESULTS: results, npm_lifecycle_event: 'check:unit' } },
    );

  it('prints as spec does and appends a line for each run', async () => {
    const results = join(folder, 'results');
    const first = await runMocha(results);
    assert.equal(first.exitCode, 2, first.stderr);
    assert.match(first.stdout, /2 passing[\s\S]*1 pending[\s\S]*2 failing/);
    await runMocha(results);
    const lines = (await readFile(join(results, 'results.ndjson'), 'utf8')).trimEnd().split('\n');
    const expected = { suite: 'check:unit', passed: 2, failed: 2, pending: 1 };
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [expected, expected],
    );
  });
});
