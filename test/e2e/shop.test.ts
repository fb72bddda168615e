/**
 * examples/shop on the real engine, as the GitHub action tests it: FAILED because of its weakness,
 * PASSED after the change of one line.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Report, reportSchema } from '@encore/contracts';
import { before, describe, it } from 'mocha';
import { parse, stringify } from 'yaml';
import { root, runCommand, tail } from '../support/command.ts';
import { ignoreComposeFile } from '../support/compose-file.ts';
import { requireEngine } from '../support/engine.ts';
import { type ActionResult, ActionRunner } from '../support/github-action.ts';
import { ShopFolder, untilFailed } from '../support/shop.ts';

const password = 'not-to-be-published';
/** Of the Compose project, by which its containers are found. */
const name = `enc-shop-e2e-${process.pid}`;

/** Seconds of load, in which the database restarts once; a name and a password to search for. */
function prepare(folder: ShopFolder, seconds: number): void {
  const settings = parse(readFileSync(folder.file('encore.yaml'), 'utf8'));
  settings.schedule = [{ ...settings.schedule[0], when: { atSeconds: [6] } }];
  Object.assign(settings, { hours: seconds / 3_600, rampSeconds: 3, capacitySeconds: 1, recoveryTimeoutSeconds: 15 });
  writeFileSync(folder.file('encore.yaml'), stringify(settings));
  const compose = readFileSync(folder.file('docker-compose.yml'), 'utf8');
  const changed = compose
    .replace(/^name: shop$/m, `name: ${name}`)
    .replaceAll('shop:shop@', `shop:${password}@`)
    .replace('_PASSWORD: shop', `_PASSWORD: ${password}`);
  writeFileSync(folder.file('docker-compose.yml'), changed);
}

async function runAction(folder: ShopFolder, check: (result: ActionResult, report: Report) => void): Promise<void> {
  using runner = new ActionRunner();
  const inputs = { file: 'encore.yaml', options: '--seed 7 --no-monitor' };
  const result = await runner.run({ inputs, workspace: folder.path, actionPath: root, timeoutMs: 600_000 });
  const { report = '', results = '' } = result.outputs;
  assert.notEqual(report, '', tail(result.log, 80));
  check(result, reportSchema.parse(JSON.parse(readFileSync(report, 'utf8'))));
  const files = (readdirSync(results, { recursive: true }) as string[]).map((name) => join(results, name));
  const leaks = files.filter((file) => statSync(file).isFile() && readFileSync(file, 'latin1').includes(password));
  assert.deepEqual(leaks, [], 'files with the password of the database');
}

describe('examples/shop on Docker', function () {
  this.timeout(900_000);
  ignoreComposeFile();
  before(async function () {
    await requireEngine(this);
  });

  it('FAILED, by a rule, a fault and a service', async () => {
    using folder = new ShopFolder();
    prepare(folder, untilFailed);
    await runAction(folder, ({ success, outputs, summary, log }, report) => {
      const story = `${tail(log, 80)}\n${report.reasons.join('\n')}`;
      assert.deepEqual([success, outputs['verdict'], outputs['exit-code']], [false, 'FAILED', '1'], story);
      const [fault] = report.faults;
      assert.deepEqual(
        [fault?.kind, fault?.target, fault?.effect, fault?.recovered_by],
        ['restart', 'db', 'confirmed', 'none'],
        story,
      );
      assert.equal(report.thresholds.find(({ name }) => name === 'recovery_seconds')?.ok, false, story);
      assert.equal(report.integrity.lost, 0, story);
      assert.match(summary, /FAILED/);
      assert.match(readFileSync(outputs['junit'] ?? '', 'utf8'), /<failure/);
    });
  });

  it('PASSED with the one line that its comment names', async () => {
    using folder = new ShopFolder();
    folder.fix();
    prepare(folder, 38);
    await runAction(folder, ({ success, outputs, log }, report) => {
      const story = `${tail(log, 80)}\n${report.reasons.join('\n')}`;
      assert.deepEqual([success, outputs['verdict']], [true, 'PASSED'], story);
      assert.equal(report.faults[0]?.recovered_by, 'revert', story);
      assert.ok((report.integrity.acknowledged ?? 0) > 10, story);
    });
    const left = await runCommand('docker', ['ps', '-aq', '--filter', `name=${name}`], { timeoutMs: 30_000 });
    assert.equal(left.stdout, '', 'containers are left');
  });
});
