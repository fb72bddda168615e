/** The planted bugs cannot come into a lab that somebody runs: no image holds them, and no setting of a program names them. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { bugs } from './teeth/bugs.ts';
import { root } from './teeth/planting.ts';
import { scenarios } from './teeth/scenarios.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('planted bugs', () => {
  it('are twelve, each with a file of its own that stands in for one module and changes only what it says', () => {
    assert.equal(bugs.length, 12);
    const files = readdirSync(join(root, 'test/teeth/bugs')).sort();
    assert.deepEqual(files, bugs.map(({ name }) => `${name}.ts`).sort());
    for (const { name, plantedIn } of bugs) {
      assert.ok(existsSync(join(root, plantedIn)), `${name} stands in for ${plantedIn}, which is not there`);
      assert.match(read(`test/teeth/bugs/${name}.ts`), new RegExp(`export \\* from '../../../${plantedIn}'`));
    }
  });

  it('have runs of at most ten minutes', () => {
    for (const [name, { seconds }] of Object.entries(scenarios)) assert.ok(seconds <= 570, name);
  });

  it('are in no image, and nothing that is shipped knows of them', () => {
    const [first, ...allowed] = read('.dockerignore').split('\n');
    assert.equal(first, '*');
    assert.deepEqual(
      allowed.filter((line) => line.startsWith('!test') || line.startsWith('!*')),
      [],
    );
    const shipped = [
      'Dockerfile',
      'docker-compose.yml',
      '.env',
      'encore',
      ...globSync('{services,packages,embedded,docker}/**/*.{ts,mjs}', { cwd: root, exclude: ['**/node_modules'] }),
    ];
    assert.ok(shipped.length > 100, 'the programs were found');
    for (const path of shipped) assert.doesNotMatch(read(path), /test\/teeth|TEETH_|NODE_OPTIONS/, path);
  });
});
