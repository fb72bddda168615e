/**
 * Each test file belongs to exactly one suite: Mocha runs a file twice if two patterns match, and
 * never if none does.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { root } from './support/command.ts';

const suites = ['unit', 'integration', 'timing', 'e2e'];
const find = (pattern: string) => globSync(pattern, { cwd: root, exclude: (path) => path.includes('node_modules') });

describe('the test suites', () => {
  it('contain each test file once', () => {
    const matched = suites.flatMap((suite) => {
      const text = readFileSync(join(root, `.mocharc.${suite}.json`), 'utf8');
      const { spec } = JSON.parse(text) as { spec: string[] };
      for (const pattern of spec) assert.ok(find(pattern).length > 0, `${suite}: no file matches ${pattern}`);
      return spec.flatMap(find);
    });
    const present = find('{bench,embedded,packages,services,test,workloads}/**/*.test.ts');
    assert.ok(present.length > 200, `${present.length} files`);
    assert.deepEqual(matched.sort(), present.sort());
  });
});
