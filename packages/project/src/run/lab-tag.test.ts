import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { labTag } from './lab-tag.ts';

describe('tag of the lab’s images', () => {
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'encore-tag-'));
    for (const folder of [
      'docker',
      'packages/kit/node_modules',
      'workloads',
      'services/chaos',
      'services/loadgen',
      'services/orchestrator',
    ])
      mkdirSync(join(root, folder), { recursive: true });
    for (const file of [
      'Dockerfile',
      '.dockerignore',
      '.npmrc',
      'package.json',
      'package-lock.json',
      'packages/kit/a.ts',
    ])
      writeFileSync(join(root, file), file);
  });
  after(() => rmSync(root, { recursive: true }));

  it('is equal for equal files, wherever they are', async () => {
    const copy = `${root}-copy`;
    cpSync(root, copy, { recursive: true });
    assert.equal(await labTag(copy), await labTag(root));
    rmSync(copy, { recursive: true });
  });

  it('changes with content and name of a file that the images contain, and with no other', async () => {
    const tags = [await labTag(root)];
    writeFileSync(join(root, 'packages/kit/node_modules/b.ts'), '');
    writeFileSync(join(root, 'README.md'), '');
    writeFileSync(join(root, 'packages/kit/a.test.ts'), '');
    assert.equal(await labTag(root), tags[0]);
    writeFileSync(join(root, 'packages/kit/a.ts'), 'changed');
    tags.push(await labTag(root));
    writeFileSync(join(root, 'services/chaos/a.ts'), '');
    tags.push(await labTag(root));
    assert.equal(new Set(tags).size, 3);
  });
});
