/** action.yml, with a program in the place of `encore` that leaves the files of a run. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parseDocument } from 'yaml';
import { root } from './support/command.ts';
import { type ActionResult, ActionRunner, action } from './support/github-action.ts';

/** Prints its folder and arguments, and writes a report like a run. */
const stub = `#!/bin/bash
echo "encore in $(basename "$PWD"): $*"
[ "$EXIT_CODE" != 3 ] || { echo 'encore.yaml: a mistake' >&2; exit 3; }
name=production_test_20261129_120000
mkdir -p test_results/$name/logs
echo '{}' > test_results/$name.json
for file in report.html junit.xml history.ndjson ledger.ndjson plan.json config.json latency.hlog logs/api.log compose.yaml; do
  echo secret > test_results/$name/$file
done
echo '# the summary' > test_results/$name/summary.md
exit "$EXIT_CODE"
`;

describe('action.yml', () => {
  async function run(
    exitCode: number,
    inputs: Record<string, string> = {},
    check: (result: ActionResult, results: string[]) => void = () => {},
  ): Promise<ActionResult> {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'encore-action-test-'));
    using runner = new ActionRunner();
    const shop = join(folder.path, 'workspace', 'my shop');
    mkdirSync(join(shop, 'test_results'), { recursive: true });
    const earlier = join(shop, 'test_results', 'production_test_20990101_000000.json');
    writeFileSync(earlier, '{}');
    utimesSync(earlier, 0, 0);
    mkdirSync(join(folder.path, 'action'));
    writeFileSync(join(folder.path, 'action', 'encore'), stub);
    chmodSync(join(folder.path, 'action', 'encore'), 0o755);
    const result = await runner.run({
      inputs: { file: 'my shop/encore.yaml', ...inputs },
      workspace: join(folder.path, 'workspace'),
      actionPath: join(folder.path, 'action'),
      env: { EXIT_CODE: String(exitCode) },
      timeoutMs: 30_000,
    });
    const { results = '' } = result.outputs;
    check(result, existsSync(results) ? (readdirSync(results, { recursive: true }) as string[]).sort() : []);
    return result;
  }

  it('runs encore in the folder of encore.yaml, with its options', async () => {
    const { log } = await run(0, { options: '--profile quick   --seed 7' });
    assert.match(log, /^encore in my shop: run --no-dashboards --profile quick --seed 7$/m);
  });

  it('succeeds only with the verdict PASSED', async () => {
    const verdicts = { 0: 'PASSED', 1: 'FAILED', 2: 'INCONCLUSIVE', 3: 'REFUSED', 130: 'INTERRUPTED', 137: '' };
    for (const [exitCode, verdict] of Object.entries(verdicts)) {
      const { success, outputs } = await run(Number(exitCode));
      assert.deepEqual([success, outputs['verdict'], outputs['exit-code']], [exitCode === '0', verdict, exitCode]);
    }
  });

  it('returns report, JUnit XML and summary of this run, even if it failed', async () => {
    await run(1, {}, ({ outputs, summary, used }) => {
      assert.equal(summary, '# the summary\n');
      for (const [name, file] of [
        ['report', 'production_test_20261129_120000.json'],
        ['junit', 'production_test_20261129_120000/junit.xml'],
        ['summary', 'production_test_20261129_120000/summary.md'],
      ] as const) {
        assert.equal(outputs[name], join(outputs['results'] ?? '', file));
        assert.ok(existsSync(outputs[name]), file);
      }
      assert.deepEqual(
        used.map((step) => [step.uses.replace(/@.*/, ''), step.with['name'], step.with['path']]),
        [['actions/upload-artifact', 'encore', outputs['results']]],
      );
    });
  });

  it('publishes no file that it does not list, and logs only on request', async () => {
    const files = ['config.json', 'history.ndjson', 'junit.xml', 'latency.hlog', 'ledger.ndjson', 'plan.json'];
    const name = 'production_test_20261129_120000';
    const expected = [
      name,
      `${name}.json`,
      ...[...files, 'report.html', 'summary.md'].map((file) => `${name}/${file}`),
    ];
    await run(0, {}, (_, results) => assert.deepEqual(results, expected.sort()));
    const logs = [`${name}/logs`, `${name}/logs/api.log`];
    await run(0, { logs: 'true' }, (_, results) => assert.deepEqual(results, [...expected, ...logs].sort()));
  });

  it('publishes nothing if no run was started', async () => {
    await run(3, {}, ({ outputs, summary, log }, results) => {
      assert.deepEqual([results, summary, outputs['report']], [[], '', '']);
      assert.match(log, /a mistake/);
    });
    const { success, outputs, log } = await run(0, { file: 'my shop/other.yaml' });
    assert.deepEqual([success, outputs['verdict']], [false, 'REFUSED']);
    assert.match(
      log,
      /::error::input file: "my shop\/other\.yaml" is not valid; expected a path that ends in encore\.yaml/,
    );
  });

  it('uploads nothing without a name for the artifact', async () => {
    assert.deepEqual((await run(0, { artifact: '' })).used, []);
  });

  it('passes inputs to scripts through the environment only, and pins the actions that it uses', () => {
    assert.deepEqual(parseDocument(readFileSync(join(root, 'action.yml'), 'utf8')).errors, []);
    for (const { run: script, uses } of action.runs.steps) {
      assert.ok(!script?.includes('${{'), 'an input could be code');
      if (uses !== undefined) assert.match(uses, /@[0-9a-f]{40}$/);
    }
  });
});
