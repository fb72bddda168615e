/**
 * The testable rules of docs/ARCHITECTURE.md: allowed imports, and where the environment is read.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '..');

/** Our packages that each package may import. */
const mayImport: Record<string, string[]> = {
  'packages/contracts': [],
  'packages/kit': ['@encore/contracts'],
  'packages/music': ['@encore/contracts', '@encore/kit'],
  'packages/plan': ['@encore/contracts', '@encore/kit'],
  'services/server': ['@encore/contracts', '@encore/kit', '@encore/music'],
  'services/loadgen': ['@encore/contracts', '@encore/kit'],
  'services/chaos': ['@encore/contracts', '@encore/kit', '@encore/plan'],
  'services/orchestrator': ['@encore/contracts', '@encore/kit', '@encore/plan'],
  embedded: ['@encore/contracts', '@encore/kit', '@encore/orchestrator', '@encore/server'],
};

function sourceFiles(workspace: string): string[] {
  return globSync(`${workspace}/src/**/*.ts`, { cwd: root });
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

describe('architecture', () => {
  for (const [workspace, allowed] of Object.entries(mayImport)) {
    it(`${workspace} imports only ${allowed.join(', ') || 'none'} of our packages, and no path outside of itself`, () => {
      const files = sourceFiles(workspace);
      assert.ok(files.length > 0, `${workspace} has no source files; correct its folder in mayImport`);
      for (const file of files) {
        for (const name of imports(file)) {
          if (name.startsWith('@encore/')) {
            const owner = name.split('/').slice(0, 2).join('/');
            assert.ok(allowed.includes(owner), `${file} imports ${name}`);
          } else if (name.startsWith('.')) {
            const target = relative(join(root, workspace), join(root, dirname(file), name));
            // Tests may use the shared fixtures of test/support.
            const fixture =
              file.endsWith('.test.ts') && join(root, workspace, target).startsWith(join(root, 'test', 'support'));
            assert.ok(!target.startsWith('..') || fixture, `${file} imports ${name}, outside of ${workspace}`);
          }
        }
      }
    });
  }

  it('keeps packages/music pure: no Node, clock, timer, randomness or environment, and no other package of ours', () => {
    const allowed = ['@encore/contracts', '@encore/kit/encore-error', 'fflate', 'midi-file', 'saxes'];
    const impure =
      /(?<![.\w])(Buffer|process|require|console|fetch|set(Timeout|Interval|Immediate)|Date|performance\.now|Math\.random)\b/;
    const files = sourceFiles('packages/music').filter((file) => !/\.test\.ts$|\/testing\//.test(file));
    assert.ok(files.length > 40, `${files.length} source files found`);
    for (const file of files) {
      for (const name of imports(file))
        assert.ok(name.startsWith('.') || allowed.includes(name), `${file} imports ${name}`);
      const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      assert.doesNotMatch(code, impure, file);
    }
  });

  it('reads process.env only in config.ts, in composition roots and in tests', () => {
    for (const workspace of Object.keys(mayImport)) {
      for (const file of sourceFiles(workspace)) {
        if (/(^|\/)(config|main|program|encore)\.ts$|\.test\.ts$/.test(file)) continue;
        assert.ok(!readFileSync(join(root, file), 'utf8').includes('process.env'), `${file} reads process.env`);
      }
    }
  });

  it('calls httpExchange or callJson of the kit instead of fetch, which may use a proxy', () => {
    for (const workspace of Object.keys(mayImport)) {
      for (const file of sourceFiles(workspace)) {
        if (/\.test\.ts$|\/(testing|assets)\/|fixture-server\.ts$/.test(file)) continue;
        assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /(?<![.\w#])fetch\(/, file);
      }
    }
  });
});
