/**
 * The seeded bugs cannot reach a user's lab: no image contains them, and no setting of a program
 * names them.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { bugs } from './mutation/bugs.ts';
import { mutationPage } from './mutation/mutation-page.ts';
import { scenarios } from './mutation/scenarios.ts';
import { seedingEnvironment } from './mutation/seeding.ts';
import { trigger, triggersIn } from './mutation/triggers.ts';
import { root } from './support/command.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('seeded bugs', () => {
  it('are thirteen files, each of which replaces one module', () => {
    assert.equal(bugs.length, 13);
    const files = readdirSync(join(root, 'test/mutation/bugs')).sort();
    assert.deepEqual(files, bugs.map(({ name }) => `${name}.ts`).sort());
    for (const { name, seededIn } of bugs) {
      assert.ok(existsSync(join(root, seededIn)), `${name} replaces ${seededIn}, which does not exist`);
      assert.match(read(`test/mutation/bugs/${name}.ts`), new RegExp(`export \\* from '../../../${seededIn}'`));
    }
  });

  it('are refused when the module that they replace is missing', () => {
    const [bug] = bugs;
    assert.ok(bug && seedingEnvironment(bug, 'triggers'));
    const moved = { ...bug, seededIn: 'services/server/src/moved.ts' };
    assert.throws(() => seedingEnvironment(moved, 'triggers'), /services\/server\/src\/moved\.ts does not exist/);
  });

  it('have runs of at most ten minutes', () => {
    for (const [name, { seconds }] of Object.entries(scenarios)) assert.ok(seconds <= 570, name);
  });

  it('are in no image and are not mentioned by shipped code', () => {
    const [first, ...allowed] = read('.dockerignore').split('\n');
    assert.equal(first, '*');
    assert.deepEqual(
      allowed.filter((line) => line.startsWith('!test') || line.startsWith('!*')),
      [],
    );
    assert.ok(allowed.includes('**/*.test.ts'), 'tests are left out');
    const hints = /test\/mutation|MUTATION_/;
    // Its message about a Node that does not start names NODE_OPTIONS.
    const launcher = 'encore';
    const shipped = [
      'Dockerfile',
      'docker-compose.yml',
      '.env',
      launcher,
      ...globSync('{services,packages,embedded,docker}/**/*.{ts,mjs}', { cwd: root, exclude: ['**/node_modules'] }),
    ];
    assert.ok(shipped.length > 100, 'the programs were found');
    for (const path of shipped.filter((name) => !name.endsWith('.test.ts')))
      assert.doesNotMatch(read(path), path === launcher ? hints : /NODE_OPTIONS|test\/mutation|MUTATION_/, path);
  });

  it('count their triggers in a file that survives a kill, and take back triggers that did not happen', () => {
    const folder = mkdtempSync(join(tmpdir(), 'encore-triggers-'));
    const before = process.env['MUTATION_TRIGGERS'];
    const file = join(folder, 'triggers');
    try {
      assert.equal(triggersIn(file), 0);
      process.env['MUTATION_TRIGGERS'] = file;
      trigger();
      trigger(3);
      trigger(-1);
      assert.equal(triggersIn(file), 3);
    } finally {
      if (before === undefined) delete process.env['MUTATION_TRIGGERS'];
      else process.env['MUTATION_TRIGGERS'] = before;
      rmSync(folder, { recursive: true });
    }
  });

  it('are on a page that shows missed bugs and failed clean runs', () => {
    const run = { date: '2026-01-02', commit: 'abc1234', seed: 5, result: 'PASSED' as const, reason: 'a | b' };
    const page = mutationPage({
      bugs: {
        'flipped-byte': { ...run, triggers: 12, detected: true },
        'double-insert': { ...run, triggers: 0, detected: false },
      },
      cleanScenarios: { calm: { ...run, silent: false } },
      clean: [run, { ...run, result: 'FAILED' }],
    });
    assert.match(page, /Seeded bugs: 1 of 13 detected/);
    assert.match(page, /\[double-insert\].*PASSED: a \\\| b \| NO \|/);
    assert.match(page, /\[ignore-sigterm\].*not run yet/);
    assert.match(page, /\| calm \|.*NOT SILENT/);
    assert.match(page, /Clean smoke runs: 1 of 2 passed/);
    assert.match(page, /\| 2 \| 5 \| FAILED/);
  });
});
