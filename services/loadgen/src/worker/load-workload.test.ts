/** Loads workloads from other folders, and explains why some cannot be loaded. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { describeWorkload, loadWorkload } from './load-workload.ts';

const workload = `import { defineWorkload } from '@encore/workload';
import { path } from './paths.mts';
export default defineWorkload({
  operations: { read: { weight: 2, run: async ({ http }) => void (await http.get(path)) } },
  probe: { request: { method: 'GET', path } },
});
`;
const paths = "export const path: string = '/items/1';\n";

interface Broken {
  files: Record<string, string>;
  message: RegExp;
}

const broken: Record<string, Broken> = {
  'an enum': {
    files: { 'w.mts': '\nenum Color { Red }\nexport default Color;\n' },
    message: /w\.mts:2: enum is not supported.*Use an object/,
  },
  'a parameter property': {
    files: { 'w.mts': 'export default class { constructor(private x: number) {} }\n' },
    message: /w\.mts:1: parameter property is not supported.*assign it in the constructor/,
  },
  'a path alias': {
    files: { 'w.mts': "\nimport { x } from '@/lib';\nexport default x;\n" },
    message: /w\.mts:2: cannot find @\/lib\. If it is a path alias/,
  },
  'a missing package': {
    files: { 'w.mts': "import { x } from 'no-such-package';\nexport default x;\n" },
    message: /w\.mts:1: cannot find the package no-such-package.*npm install/,
  },
  'an import without extension': {
    files: { 'w.mts': "import { path } from './paths';\nexport default path;\n", 'paths.mts': paths },
    message: /w\.mts:1: there is no file .*\/paths\. Write the extension/,
  },
  'require in a module': {
    files: { 'w.mts': "const x = require('y');\nexport default x;\n" },
    message: /w\.mts:1:\d+: require is not defined.*Use import/,
  },
  'a file of a CommonJS project': {
    files: {
      'w.ts': "import { path } from './paths.mts';\nexport default path;\n",
      'package.json': '{"type":"commonjs"}',
    },
    message: /w\.ts:1: Node treats this file as CommonJS.*\.mts/,
  },
  'a syntax error': {
    files: { 'w.mts': 'const x: number = ;\n' },
    message: /w\.mts:1: SyntaxError: Expression expected/,
  },
  'an exception': {
    files: { 'w.mts': "\nthrow new Error('not today');\n" },
    message: /w\.mts:2:\d+: Error: not today/,
  },
  'a stall without calls': {
    files: {
      'w.mts':
        "export default { operations: { a: { weight: 1, run: () => {} } }, probe: () => {}, faults: { stall: { breaker: 'b' } } };\n",
    },
    message: /faults\.stall is .*; expected \{ breaker, slowCall, quickCall \}/,
  },
  'a request that could not be sent': {
    files: {
      'w.mts':
        "export default { operations: { a: { weight: 1, run() {} } }, probe: { request: { method: 'GET', path: 'items' } } };\n",
    },
    message: /w\.mts: probe\.request: path "items"; it must start with \//,
  },
  'a wrong member of a request': {
    files: {
      'w.mts':
        "export default { operations: { a: { weight: 1, run() {} } }, probe: { request: { method: 'GET', url: '/' } } };\n",
    },
    message: /w\.mts: probe\.request: unknown member url; use method, path, headers, /,
  },
  'a wrong member of an operation': {
    files: {
      'w.mts': 'export default { operations: { a: { weight: 1, run() {}, deadline: 3 } }, probe: () => {} };\n',
    },
    message: /w\.mts: unknown member operations\.a\.deadline; an operation has weight, run, deadlineMs/,
  },
  'no default export': { files: { 'w.mts': 'export const a = 1;\n' }, message: /w\.mts: it has no default export/ },
};

describe('loading a workload', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-workload-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Returns the URL of the first file. */
  async function write(files: Record<string, string>): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return pathToFileURL(join(folder, Object.keys(files)[0] ?? '')).href;
  }

  it('supplies @encore/workload to a file in any folder, without a build', async () => {
    const url = await write({ 'shop/encore.workload.mts': workload, 'shop/paths.mts': paths });
    const { name, operations, capacityTest } = await describeWorkload(await loadWorkload(url), url);
    assert.deepEqual([name, operations], ['shop', { read: 2 }]);
    assert.equal(capacityTest.request.path, '/items/1');
  });

  for (const [name, { files, message }] of Object.entries(broken)) {
    it(`explains ${name}, with file and line`, async () => {
      const url = await write(files);
      await assert.rejects(loadWorkload(url), (error: Error) => {
        assert.match(error.message, message);
        assert.equal(error.message.split('\n').length, 1);
        return true;
      });
    });
  }

  it('explains what is wrong with the result of a probe that is a function, or where it threw', async () => {
    const operations = 'operations: { a: { weight: 1, run() {} } }';
    for (const [name, probe, problem] of [
      ['a', "() => { throw new Error('no probe'); }", /a\.mts:2:\d+: Error: no probe$/],
      ['b', 'async () => ({ request: {} })', /b\.mts: probe\.request: method undefined; use one of GET, /],
      [
        'c',
        "() => ({ request: { method: 'GET', path: '/' }, object: {} })",
        /: probe\.object\.request: expected an object/,
      ],
    ] as const) {
      const url = await write({ [`${name}.mts`]: `export default { ${operations}, probe:\n${probe} };\n` });
      const loaded = await loadWorkload(url);
      await assert.rejects(describeWorkload(loaded, url), problem);
    }
  });

  it('lists all mistakes of the shape at once', async () => {
    const text = `export default {
      operations: { Read: { weight: -1, run: 'x' } }, first: 'write', probe: {}, readback: () => null, setup: 1,
    };`;
    await assert.rejects(loadWorkload(await write({ 'w.mjs': text })), (error: Error) => {
      const problems = error.message.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
      assert.deepEqual(
        problems.map((problem) => problem.split(/[;:]/)[0]),
        [
          'unknown member readback',
          'setup is 1',
          'operations.Read',
          'operations.Read.weight is -1',
          'operations.Read.run is "x"',
          'first is "write"',
          'probe is {}',
        ],
      );
      return true;
    });
  });

  it('loads the examples of the documentation', async () => {
    const page = join(import.meta.dirname, '../../../../docs/WORKLOADS.md');
    const examples = [...(await readFile(page, 'utf8')).matchAll(/```ts\n(import [\s\S]*?)```/g)];
    assert.equal(examples.length, 2);
    for (const [index, [, text = '']] of examples.entries())
      assert.ok((await loadWorkload(await write({ [`${index}.workload.mts`]: text }))).operations);
  });
});
