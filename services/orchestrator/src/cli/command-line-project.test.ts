import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { problems, run } from '../testing/parsed-command.ts';
import { type Command, parseCommandLine } from './command-line.ts';

function inNewFolder(test: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'encore-project-'));
  const former = process.cwd();
  try {
    process.chdir(folder);
    test(folder);
  } finally {
    process.chdir(former);
    rmSync(folder, { recursive: true });
  }
}

describe("command line of a user's project", () => {
  it('runs the project of a folder with encore.yaml, with its settings from there', () => {
    inNewFolder(() => {
      writeFileSync('encore.yaml', '');
      for (const argv of [[], ['run']]) {
        const command = parseCommandLine([...argv, '--hours', '1', '--keep'], {});
        assert.equal(command.name, 'run-project');
        if (command.name !== 'run-project') continue;
        const { flags, keep, dryRun, monitor } = command;
        assert.deepEqual([flags['--hours'], keep, dryRun, monitor], ['1', true, false, true]);
      }
      assert.deepEqual(parseCommandLine(['revert'], {}), { name: 'revert-project' });
      assert.deepEqual(problems(['run', '--config', 'x.yaml'], { ENCORE_CONFIG: 'y.yaml' }), [
        '--config: only for the bundled lab; remove it, and put the settings into encore.yaml',
        'ENCORE_CONFIG: only for the bundled lab; unset it, and put the settings into encore.yaml',
      ]);
      assert.match(problems(['--keep', 'check']).join(), /^--keep: not an option of "encore check"/);
      // They would act on the bundled lab.
      assert.match(problems(['check']).join(), /^check: .*"encore run --dry-run"/);
      assert.match(problems(['replay', 'plan.json']).join(), /^replay: .*"encore run --seed N"/);
      assert.match(problems(['run', '--replay', 'plan.json']).join(), /^--replay: .*"encore run --seed N"/);
    });
  });

  it('refuses options of a project for the bundled lab, which would ignore them', () => {
    inNewFolder(() => {
      assert.deepEqual(problems(['--profile', 'smoke', '--keep', '--no-dashboards']), [
        '--keep: only for your own project, and this folder has no encore.yaml; remove it',
        '--no-dashboards: only for your own project, and this folder has no encore.yaml; remove it',
      ]);
    });
  });

  it('refuses the bundled lab in the folder of another Compose project, which has no encore.yaml yet', () => {
    inNewFolder((project) => {
      assert.equal(run([]).config.profile, 'full');
      for (const name of ['compose.yaml', 'docker-compose.yml']) {
        writeFileSync(name, '');
        assert.match(problems(['--dry-run']).join(), /^no encore.yaml here; run "encore init" first, or /);
        assert.equal(parseCommandLine(['init'], {}).name, 'init');
        // The lab's own container runs in the checkout that is mounted there.
        assert.equal(run([], { ENCORE_CHECKOUT: project }).config.profile, 'full');
        rmSync(name);
      }
    });
  });

  it('collects the Compose files of init, in both spellings, and the options of compose', () => {
    const parsed = (argv: string[]): Command | unknown => parseCommandLine(argv, {});
    assert.deepEqual(parsed(['init']), { name: 'init', files: [], force: false, openapi: null });
    assert.deepEqual(parsed(['init', '--openapi', '-']), { name: 'init', files: [], force: false, openapi: '-' });
    assert.deepEqual(problems(['init', '--openapi', 'a.json', '-f', 'b.yaml']), [
      '--file: --openapi reads no Compose file; remove one of the two',
    ]);
    assert.deepEqual(parsed(['init', '-f', 'a.yaml', '--file=b.yaml', '-f=c.yaml', '--force']), {
      name: 'init',
      files: ['a.yaml', 'b.yaml', 'c.yaml'],
      force: true,
      openapi: null,
    });
    assert.deepEqual(parsed(['compose', '--show-secrets', '--output', 'x']), {
      name: 'compose',
      showSecrets: true,
      output: 'x',
    });
    assert.deepEqual(problems(['compose', '-f', 'a.yaml', '--output', 'x', '--output', 'y']), [
      '--output: given twice; keep one',
      '--file: not an option of "encore compose"; it is an option of "encore init"',
    ]);
    assert.match(problems(['init', 'my.yaml'])[0] ?? '', / takes none\. Did you mean -f my\.yaml\?$/);
  });
});
