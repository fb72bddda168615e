/** `encore init` and `encore compose` on examples/shop. Nothing is built or started. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { type CommandResult, root, runCommand } from '../../support/command.ts';
import { ignoreComposeFile } from '../../support/compose-file.ts';
import { requireCompose } from '../../support/engine.ts';
import { ShopFolder } from '../../support/shop.ts';

function encore(folder: ShopFolder, ...args: string[]): Promise<CommandResult> {
  return runCommand(join(root, 'encore'), args, { cwd: folder.path, timeoutMs: 120_000 });
}

describe('examples/shop as a project', function () {
  this.timeout(180_000);
  ignoreComposeFile();
  before(async function () {
    await requireCompose(this);
  });

  it('has the encore.yaml that init writes, with the edits that its comments name', async () => {
    using folder = new ShopFolder();
    const text = readFileSync(folder.file('encore.yaml'), 'utf8');
    rmSync(folder.file('encore.yaml'));
    const init = await encore(folder, 'init');
    assert.equal(init.exitCode, 0, init.stderr);
    const { schedule, ...edited } = parse(text);
    const written = readFileSync(folder.file('encore.yaml'), 'utf8');
    const { system, ...rest } = parse(written);
    assert.deepEqual({ ...rest, system: { ...system, recoveryOf: 'api' } }, edited);
    assert.equal(schedule.length, 4);
    // The comments are the same, too: who calls whom, and what is not possible.
    const head = (file: string): string => file.slice(file.indexOf('# Who calls whom'), file.indexOf('\nsystem:'));
    assert.equal(head(text), head(written));
  });

  it('gets a workload from init that reads its health, if it has none', async () => {
    using folder = new ShopFolder();
    rmSync(folder.file('encore.yaml'));
    rmSync(folder.file('encore-workload'), { recursive: true });
    const init = await encore(folder, 'init');
    assert.equal(init.exitCode, 0, init.stderr);
    assert.match(readFileSync(folder.file('encore-workload/encore.workload.mts'), 'utf8'), /http\.get\('\/health'\)/);
  });

  it('gets a Compose file with a sidecar for each port, which Compose accepts', async () => {
    using folder = new ShopFolder();
    const printed = await encore(folder, 'compose');
    assert.equal(printed.exitCode, 0, printed.stderr);
    const { services } = parse(printed.stdout);
    const own = ['api', 'api-target', 'db', 'db-target', 'proxy', 'proxy-target', 'worker'];
    assert.deepEqual(
      own.filter((name) => !(name in services)),
      [],
    );
    assert.equal(services['db-target'].image, 'postgres:17-bookworm');
    assert.match(services.db.image, /toxiproxy/);
    assert.ok(!printed.stdout.includes('shop:shop@'), 'the password of the database is masked');
    writeFileSync(folder.file('generated.yaml'), printed.stdout);
    const args = ['compose', '-f', 'generated.yaml', 'config', '-q'];
    const accepted = await runCommand('docker', args, { cwd: folder.path, timeoutMs: 60_000 });
    assert.equal(accepted.exitCode, 0, accepted.stderr);
  });
});
