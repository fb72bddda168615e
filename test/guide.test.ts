/** docs/GUIDE.md names file and code for the use of each package of the card. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { root } from './support/command.ts';

const guide = readFileSync(join(root, 'docs', 'GUIDE.md'), 'utf8');
const packages = ['dockerode', 'toxiproxy-node-client', 'express', 'opossum', 'autocannon', 'prom-client'];

describe('the card in docs/GUIDE.md', () => {
  for (const name of packages)
    it(`shows where ${name} is used`, () => {
      const row = guide.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? '';
      const files = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path);
      const [, code] = /`git grep -nF "(.+)" \w+/.exec(row) ?? [];
      assert.ok(files.length > 0 && code !== undefined, row);
      for (const file of files) {
        const text = readFileSync(join(root, file), 'utf8');
        assert.ok(text.includes(code), `${file} has no ${code}`);
        assert.match(text, new RegExp(`from '${name}'`), file);
      }
    });
});
