/** The rules of docs/ARCHITECTURE.md that a program can check: who may import whom, and where the environment is read. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '..');

/** What each room may import of ours, by package name. */
const mayImport: Record<string, string[]> = {
  'packages/contracts': [],
  'packages/kit': ['@encore/contracts'],
  'packages/plan': ['@encore/contracts', '@encore/kit'],
  'services/server': ['@encore/contracts', '@encore/kit'],
  'services/loadgen': ['@encore/contracts', '@encore/kit'],
  'services/chaos': ['@encore/contracts', '@encore/kit', '@encore/plan'],
  'services/orchestrator': ['@encore/contracts', '@encore/kit', '@encore/plan'],
  embedded: ['@encore/contracts', '@encore/kit', '@encore/orchestrator', '@encore/server'],
};

function sourceFiles(room: string): string[] {
  return globSync(`${room}/src/**/*.ts`, { cwd: root });
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

describe('architecture', () => {
  for (const [room, allowed] of Object.entries(mayImport)) {
    it(`${room} imports of ours only ${allowed.join(', ') || 'nothing'}, and nothing by a path that leaves it`, () => {
      const files = sourceFiles(room);
      assert.ok(files.length > 0, `${room} has no source files: is the folder right?`);
      for (const file of files) {
        for (const name of imports(file)) {
          if (name.startsWith('@encore/')) {
            const owner = name.split('/').slice(0, 2).join('/');
            assert.ok(allowed.includes(owner), `${file} imports ${name}`);
          } else if (name.startsWith('.')) {
            const target = relative(join(root, room), join(root, dirname(file), name));
            // Tests may use the shared fixtures of test/support.
            const fixture =
              file.endsWith('.test.ts') && join(root, room, target).startsWith(join(root, 'test', 'support'));
            assert.ok(!target.startsWith('..') || fixture, `${file} imports ${name}, outside of ${room}`);
          }
        }
      }
    });
  }

  it('reads process.env only in config.ts, where a program is put together, and in tests', () => {
    for (const room of Object.keys(mayImport)) {
      for (const file of sourceFiles(room)) {
        if (/(^|\/)(config|main|program|encore)\.ts$|\.test\.ts$/.test(file)) continue;
        assert.ok(!readFileSync(join(root, file), 'utf8').includes('process.env'), `${file} reads process.env`);
      }
    }
  });

  it('calls no fetch, which may go through a proxy of the environment: the kit has httpExchange and callJson', () => {
    for (const room of Object.keys(mayImport)) {
      for (const file of sourceFiles(room)) {
        if (/\.test\.ts$|\/(testing|assets)\/|fixture-server\.ts$/.test(file)) continue;
        assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /(?<![.\w#])fetch\(/, file);
      }
    }
  });
});
