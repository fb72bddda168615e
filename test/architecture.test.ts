/**
 * The testable rules of docs/ARCHITECTURE.md: allowed imports, and where the environment is read.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '..');

/** Our packages that each package may import. */
const mayImport: Record<string, string[]> = {
  'packages/contracts': [],
  'packages/kit': ['@encore/contracts'],
  'packages/music': ['@encore/contracts', '@encore/kit'],
  'packages/plan': ['@encore/contracts', '@encore/kit'],
  'packages/project': ['@encore/contracts', '@encore/kit', '@encore/workload'],
  'packages/workload': ['@encore/contracts', '@encore/kit'],
  'workloads/music': ['@encore/contracts', '@encore/kit', '@encore/workload'],
  'services/server': ['@encore/contracts', '@encore/kit', '@encore/music'],
  'services/loadgen': ['@encore/contracts', '@encore/kit', '@encore/workload', '@encore/workload-music'],
  'services/chaos': ['@encore/contracts', '@encore/kit', '@encore/plan'],
  'services/orchestrator': ['@encore/contracts', '@encore/kit', '@encore/plan', '@encore/project'],
  embedded: ['@encore/contracts', '@encore/kit', '@encore/orchestrator', '@encore/project', '@encore/server'],
};

/** The other folders that each folder below a path may import; '' is the path itself. */
const layersOf: Record<string, Record<string, string[]>> = {
  'packages/music/src': {
    model: [],
    keys: ['model'],
    chords: ['model'],
    formats: ['model', 'keys', 'chords'],
    analysis: ['model', 'keys', 'chords'],
  },
  'packages/project/src': {
    compose: [],
    generate: ['', 'compose'],
    discover: ['compose', 'generate'],
    'encore-file': ['generate'],
    init: ['', 'compose', 'generate', 'discover', 'encore-file'],
    openapi: ['init'],
    dashboards: [],
    monitoring: ['dashboards'],
  },
  'packages/workload/src': { yaml: [''] },
  'services/chaos/src': { injector: [], scheduler: ['injector'] },
  'services/loadgen/src': { http: [], worker: ['', 'http'], faults: ['', 'http', 'worker'] },
  'embedded/src': { engine: [], postgres: [], proxy: [] },
  'services/server/src': {
    resilience: [''],
    database: ['resilience'],
    worker: ['resilience'],
    scores: ['resilience', 'database', 'worker'],
    tools: ['', 'resilience', 'scores'],
    http: ['', 'resilience', 'database'],
    mcp: ['http', 'tools', 'scores'],
  },
  'services/orchestrator/src': {
    history: [''],
    judge: [''],
    settings: ['judge'],
    progress: ['', 'judge'],
    supervisor: ['', 'progress'],
    monitor: ['progress'],
    report: ['', 'judge', 'progress'],
    live: ['judge', 'progress', 'report'],
    run: ['', 'history', 'judge', 'live', 'monitor', 'progress', 'report', 'settings', 'supervisor'],
    cli: ['', 'judge', 'monitor', 'progress', 'report', 'run', 'settings'],
  },
  // What decides the verdict (rules, requirements) does not see what cannot affect it.
  'services/orchestrator/src/judge': {
    events: [],
    faults: ['events'],
    collect: ['events', 'faults'],
    rules: ['', 'events', 'faults', 'collect'],
    requirements: ['', 'events', 'faults', 'collect'],
    observations: ['', 'events', 'faults', 'collect', 'rules'],
    read: ['', 'collect'],
  },
  'services/orchestrator/src/run': {
    results: [],
    preflight: ['', 'results'],
    loops: ['', 'preflight'],
    phases: ['', 'loops', 'results'],
  },
};

function sourceFiles(workspace: string): string[] {
  return globSync(`${workspace}/src/**/*.ts`, { cwd: root });
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  // Statements begin a line, so that the text of a program in a test is none.
  const statement = /^(?:(?:import|export|\}) ?[^`\n]* from|import) '([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...text.matchAll(statement)].map(([, name, called]) => name ?? called ?? '');
}

const isSource = (file: string): boolean => !/\.test\.ts$|\/testing\//.test(file);

/** The paths of the files that this file imports by path. */
function localImports(file: string): string[] {
  return imports(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name));
}

/** The first folder below `path`; '' for a file in it, null for one outside. */
function folderOf(path: string, file: string): string | null {
  const [folder = '', ...rest] = relative(path, file).split('/');
  if (folder === '..') return null;
  return rest.length > 0 ? folder : '';
}

/** Each cycle of imports as the files on it, found by a depth-first search. */
function cyclesOf(workspace: string): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' imports '));
    if (path.includes(file) || done.has(file)) return;
    for (const target of localImports(file)) if (existsSync(join(root, target))) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of sourceFiles(workspace)) visit(file, []);
  return cycles;
}

describe('architecture', () => {
  it('has a rule for every workspace', () => {
    const workspaces = globSync('{packages,services,workloads}/*/package.json', { cwd: root }).map(dirname);
    assert.deepEqual([...workspaces, 'embedded'].sort(), Object.keys(mayImport).sort());
  });

  it('names only files of the server that exist in its tour of the server', () => {
    const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
    const tour = page.slice(page.indexOf('## The server under test'));
    const names = [...tour.matchAll(/`([\w/-]+(?:\.test)?\.ts)`/g)].map((match) => match[1] ?? '');
    const files = sourceFiles('services/server');
    assert.ok(names.length > 40, `only ${names.length} names were found`);
    for (const name of names)
      assert.ok(
        files.some((file) => file.endsWith(`/${name}`)),
        `${name} does not exist`,
      );
  });

  for (const [workspace, allowed] of Object.entries(mayImport)) {
    it(`${workspace} imports only ${allowed.join(', ') || 'none'} of our packages, and no path outside itself`, () => {
      const files = sourceFiles(workspace);
      assert.ok(files.length > 0, `${workspace} has no source files; correct its folder in mayImport`);
      for (const file of files) {
        for (const name of imports(file)) {
          if (name.startsWith('@encore/')) {
            const owner = name.split('/').slice(0, 2).join('/');
            assert.ok(allowed.includes(owner), `${file} imports ${name}`);
          } else if (name.startsWith('.')) {
            const target = relative(join(root, workspace), join(root, dirname(file), name));
            // Tests may use the shared fixtures of test/support, and what the scripts generate.
            const isShared =
              file.endsWith('.test.ts') &&
              ['test/support', 'scripts'].some((folder) => folderOf(folder, join(workspace, target)) !== null);
            assert.ok(!target.startsWith('..') || isShared, `${file} imports ${name}, outside ${workspace}`);
          }
        }
      }
    });
  }

  it('imports no test code in shipped code', () => {
    for (const workspace of Object.keys(mayImport))
      for (const file of sourceFiles(workspace).filter(isSource))
        for (const target of [...localImports(file), ...imports(file)])
          assert.ok(isSource(target), `${file} imports ${target}`);
  });

  it('has no file under 20 lines that only one file of its folder uses', () => {
    const importers = new Map<string, string[]>();
    for (const file of globSync('{packages,services,workloads,bench,scripts,test}/**/*.ts', { cwd: root }).concat(
      sourceFiles('embedded'),
    ))
      if (!file.includes('node_modules') && !file.endsWith('.test.ts'))
        for (const target of new Set(localImports(file)))
          importers.set(target, [...(importers.get(target) ?? []), file]);
    const small = [...importers].filter(([file, [importer = '', ...others]]) => {
      if (others.length > 0 || dirname(importer) !== dirname(file) || /\/(config|index)\.ts$/.test(file)) return false;
      // An index or a table lists files of one kind: a new file adds a line to it.
      if (/\/(index|functions-by-kind|toxic-types|kind-table)\.ts$/.test(importer)) return false;
      return isSource(file) && readFileSync(join(root, file), 'utf8').split('\n').length <= 20;
    });
    assert.deepEqual(
      small.map(([file]) => file),
      [],
    );
  });

  it('passes at most seven things in a context of the orchestrator', () => {
    const contexts = sourceFiles('services/orchestrator')
      .filter(isSource)
      .flatMap((file) => [
        ...readFileSync(join(root, file), 'utf8').matchAll(
          /^(?:export )?interface (\w*Context)\b[^\n]*\{\n(.*?)^\}/gms,
        ),
      ])
      .map(([, name = '', body = '']) => ({ name, fields: body.match(/^ {2}\w+\??:/gm) ?? [] }));
    assert.ok(contexts.some(({ name, fields }) => name === 'RunContext' && fields.length > 0));
    for (const { name, fields } of contexts) assert.ok(fields.length <= 7, `${name} has ${fields.length} fields`);
  });

  it('keeps test doubles in the folders testing/ and test/support, each name once', () => {
    const names: string[] = [];
    for (const file of [
      ...Object.keys(mayImport).flatMap(sourceFiles),
      ...globSync('{test,bench}/**/*.ts', { cwd: root }),
    ])
      for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(/export (?:abstract )?class (Fake\w+)/g)) {
        assert.match(file, /\/testing\/|^test\/support\//, `${file} exports ${name}`);
        names.push(name ?? '');
      }
    assert.ok(names.length > 8, names.join(', '));
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
  });

  for (const workspace of Object.keys(mayImport)) {
    it(`${workspace} has no cycle of imports, not even of types`, () => {
      assert.deepEqual(cyclesOf(workspace), []);
    });
  }

  for (const [path, layers] of Object.entries(layersOf)) {
    for (const [folder, below] of Object.entries(layers)) {
      const allowed = [folder, ...below];
      it(`${path}/${folder} imports only ${below.map((name) => name || path).join(', ') || 'itself'}`, () => {
        const files = globSync(`${path}/${folder}/**/*.ts`, { cwd: root }).filter(isSource);
        assert.ok(files.length > 0, `${path}/${folder} has no files; correct it in layersOf`);
        for (const file of files)
          for (const target of localImports(file)) {
            const imported = folderOf(path, target);
            assert.ok(imported === null || allowed.includes(imported), `${file} imports ${target}`);
          }
      });
    }
  }

  it('keeps packages/music free of Node, clocks, timers and randomness', () => {
    const allowed = [
      '@encore/contracts',
      '@encore/kit/encore-error',
      '@encore/kit/exact-size',
      'fflate',
      'midi-file',
      'saxes',
    ];
    const impure =
      /(?<![.\w])(Buffer|process|require|console|fetch|set(Timeout|Interval|Immediate)|Date|performance\.now|Math\.random)\b/;
    const files = sourceFiles('packages/music').filter(isSource);
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
        if (/\.test\.ts$|\/(testing|assets)\//.test(file)) continue;
        assert.doesNotMatch(readFileSync(join(root, file), 'utf8'), /(?<![.\w#])fetch\(/, file);
      }
    }
  });
});
