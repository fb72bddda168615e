/**
 * examples/shop without Docker, as its tutorial runs it: FAILED because of its weakness, by a rule,
 * a fault and a service; PASSED after the change of one line.
 */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parse, stringify } from 'yaml';
import { type CommandResult, root, runCommand, tail } from '../support/command.ts';
import { reportOf, unlessLate } from '../support/report.ts';
import { ShopFolder, untilFailed } from '../support/shop.ts';

/** Seconds of load, in which the database restarts once. */
function prepare(folder: ShopFolder, seconds: number): void {
  const path = folder.file('without-docker/encore.yaml');
  const settings = parse(readFileSync(path, 'utf8'));
  settings.schedule = [{ ...settings.schedule[0], when: { atSeconds: [6] } }];
  Object.assign(settings, {
    hours: seconds / 3_600,
    rampSeconds: 3,
    capacitySeconds: 1,
    recoveryTimeoutSeconds: 15,
    users: 8,
  });
  writeFileSync(path, stringify(settings));
  symlinkSync(join(root, 'node_modules'), folder.file('node_modules'));
}

const run = (folder: ShopFolder): Promise<CommandResult> =>
  runCommand(join(root, 'encore'), ['run', '--seed', '7', '--no-monitor'], {
    cwd: folder.file('without-docker'),
    timeoutMs: 400_000,
  });

describe('examples/shop without Docker', function () {
  this.timeout(900_000);

  it('FAILED, by a rule, a fault and a service', async () => {
    using folder = new ShopFolder();
    prepare(folder, untilFailed);
    const result = await run(folder);
    const report = await reportOf(result);
    const story = `${tail(result.stdout, 80)}\n${tail(result.stderr)}`;
    assert.deepEqual([report.result, result.exitCode], ['FAILED', 1], story);
    const [fault] = report.faults;
    assert.deepEqual(
      [fault?.kind, fault?.target, fault?.effect, fault?.recovered_by],
      ['restart', 'db', 'confirmed', 'none'],
      story,
    );
    assert.equal(report.thresholds.find(({ name }) => name === 'recovery_seconds')?.ok, false, story);
    assert.equal(report.integrity.lost, 0, story);
    assert.match(readFileSync(join(logsOf(result), 'api.log'), 'utf8'), /database: Connection terminated/);
  });

  it('PASSED with the one line that its comment names', async () => {
    using folder = new ShopFolder();
    folder.fix();
    prepare(folder, 38);
    const result = await run(folder);
    const report = await reportOf(result);
    const story = `${tail(result.stdout, 80)}\n${report.reasons.join('\n')}`;
    assert.deepEqual([report.result, result.exitCode], unlessLate(report, ['PASSED', 0]), story);
    assert.equal(report.faults[0]?.recovered_by, 'revert', story);
    assert.notEqual(report.thresholds.find(({ name }) => name === 'recovery_seconds')?.ok, false, story);
    assert.ok((report.integrity.acknowledged ?? 0) > 10, story);
    assert.equal(report.integrity.lost, 0, story);
  });
});

function logsOf({ stdout }: CommandResult): string {
  const [, page = ''] = /^Page: +(\S+)\/report\.html$/m.exec(stdout) ?? [];
  return join(page, 'logs');
}
