import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { findWorkload, workloadFilesText } from './workload-files.ts';

const yaml = `probe: { request: { path: /health } }
operations:
  look:
    weight: 1
    steps: [{ request: { path: '/items/{{ user }}' } }]
`;

describe('files of a workload', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-workload-'));
    mkdirSync(join(folder, 'load', 'data'), { recursive: true });
    writeFileSync(join(folder, 'load', 'data', 'items.json'), ' '.repeat(2_048));
    for (const path of ['load/encore.workload.mts', 'encore.workload.mts']) writeFileSync(join(folder, path), '');
    writeFileSync(join(folder, 'encore.workload.yaml'), yaml);
  });
  after(() => rmSync(folder, { recursive: true }));
  const problemOf = async (workload: string): Promise<string> => {
    const found = await findWorkload(workload, folder);
    return found.ok ? '' : found.problems.join();
  };

  it('are the folder of a module, and a YAML file alone', async () => {
    assert.deepEqual(await findWorkload('load/encore.workload.mts', folder), {
      ok: true,
      files: {
        file: join(folder, 'load/encore.workload.mts'),
        source: join(folder, 'load'),
        path: 'workload/encore.workload.mts',
        copied: [
          { path: 'data/items.json', bytes: 2_048 },
          { path: 'encore.workload.mts', bytes: 0 },
        ],
      },
    });
    assert.deepEqual(await findWorkload('encore.workload.yaml', folder), {
      ok: true,
      files: {
        file: join(folder, 'encore.workload.yaml'),
        source: join(folder, 'encore.workload.yaml'),
        path: 'workload/encore.workload.yaml',
        copied: [{ path: 'encore.workload.yaml', bytes: yaml.length }],
      },
    });
  });

  it('are listed for a dry run, with their sizes and the limit', async () => {
    const found = await findWorkload('load/encore.workload.mts', folder);
    assert.ok(found.ok);
    assert.deepEqual(workloadFilesText(found.files), [
      'Files of the workload that a run copies: 2, 2.0 KB (at most 20.0 MB)',
      '  data/items.json  2.0 KB',
      '  encore.workload.mts  0.0 KB',
    ]);
    const many = { ...found.files, copied: Array.from({ length: 23 }, (_, i) => ({ path: `${i}`, bytes: 1 })) };
    assert.equal(workloadFilesText(many).at(-1), `  and 3 more in ${join(folder, 'load')}`);
  });

  it('are refused with all mistakes of a YAML file, with line and column', async () => {
    for (const [name, content, problem] of [
      ['utf16.yaml', Buffer.from(yaml, 'utf16le'), 'utf16.yaml: not UTF-8 text; save it as UTF-8'],
      ['deep.yaml', `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'nested too deeply; reduce the levels'],
      ['bomb.yaml', `a: &a [x]\nb: [${'*a,'.repeat(200)}]\n`, 'bomb.yaml: uses an anchor too often'],
      ['large.yaml', '#'.repeat(2 << 20), 'large.yaml: larger than 1 MB'],
    ] as const) {
      writeFileSync(join(folder, name), content);
      assert.ok((await problemOf(name)).includes(problem), `${name}: ${await problemOf(name)}`);
    }
    const wrong = yaml.replace('weight: 1', 'weight: -4\n    use: objct').replace('user', 'usr');
    writeFileSync(join(folder, 'wrong.yaml'), wrong);
    assert.match(
      await problemOf('wrong.yaml'),
      /^wrong.yaml:4:5: operations.look.weight: .*,wrong.yaml:5:5: .*unknown/,
    );
    writeFileSync(join(folder, 'name.yaml'), yaml.replace('user', 'usr'));
    assert.match(await problemOf('name.yaml'), /^name.yaml:5:26: .*: unknown name usr; known here: /);
  });

  it('are refused if there is no such file, or its folder is a whole project', async () => {
    assert.match(await problemOf('load/none.mts'), /no such file/);
    writeFileSync(join(folder, 'dump.sql'), '');
    truncateSync(join(folder, 'dump.sql'), 12 << 20);
    mkdirSync(join(folder, 'node_modules', 'a'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'a', 'big.wasm'), '');
    truncateSync(join(folder, 'node_modules', 'a', 'big.wasm'), 21 << 20);
    assert.match(
      await problemOf('encore.workload.mts'),
      /more than 20\.0 MB; move encore.workload.mts into a folder of its own.*:, {2}node_modules: more than 20\.0 MB, {2}dump.sql: 12\.0 MB/,
    );
    assert.equal(await problemOf('encore.workload.yaml'), '');
  });
});
