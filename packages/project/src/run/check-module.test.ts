import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadConfig } from '@encore/contracts';
import { after, before, describe, it } from 'mocha';
import { type CheckedWorkload, checkCopy, checkModule, untestedText } from './check-module.ts';
import { findWorkload } from './workload-files.ts';

const load = { mix: {}, thinkSeconds: { min: 1, max: 2 }, parameters: {}, probesPerSecond: 10 };
const root = join(import.meta.dirname, '../../../..');
const valid = `import { defineWorkload } from '@encore/workload';
import { path } from './paths.mts';
export default defineWorkload({
  operations: { look: { weight: 1, run: async ({ http }) => void (await http.get(path)) } },
  probe: { request: { method: 'GET', path } },
});
`;

describe('check of a module', function () {
  this.timeout(120_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-module-'));
    mkdirSync(join(folder, 'load'));
    for (const path of ['paths.mts', 'load/paths.mts']) writeFileSync(join(folder, path), "export const path = '/';\n");
  });
  after(() => rmSync(folder, { recursive: true }));

  async function check(text: string, settings: LoadConfig = load): Promise<CheckedWorkload> {
    writeFileSync(join(folder, 'load/encore.workload.mts'), text);
    const found = await findWorkload('load/encore.workload.mts', folder);
    assert.ok(found.ok);
    return checkCopy(found.files, root, settings);
  }
  const mistakesOf = async (text: string): Promise<string[]> => (await check(text)).mistakes;

  it('finds nothing in one that a run can load', async () => {
    assert.deepEqual(await mistakesOf(valid), []);
  });

  it('finds what a run would refuse, with the path of the user', async () => {
    const file = join(folder, 'load/encore.workload.mts');
    const [constant = ''] = await mistakesOf(`${valid}enum Color { Red }\n`);
    assert.ok(constant.startsWith(`${file}:7: enum is not supported`), constant);
    const shape = await mistakesOf('export default { operations: {}, first: 3 };\n');
    assert.deepEqual(
      shape.map((line) => line.slice(0, file.length + 10)),
      [`${file}: operatio`, `${file}: probe is`],
    );
    assert.match(
      (await mistakesOf('process.exit(3);\n')).join(),
      /encore\.workload\.mts:1:9: Error: process\.exit would/,
    );
    assert.match((await mistakesOf('await new Promise(() => {});\n')).join(), /an await at the top level waits/);
  });

  it('finds settings of the load that do not fit the workload', async () => {
    const wrong = await check(valid, { ...load, mix: { lok: 2 } });
    assert.match(wrong.mistakes.join(), /load\.mix\.lok is unknown; use look$/);
    const never = await mistakesOf(valid.replace('weight: 1', 'weight: 0'));
    assert.match(never.join(), /load\.mix: at least one weight must be above 0$/);
  });

  it('finds an import from outside of the folder, which a run does not copy', async () => {
    const [outside = ''] = await mistakesOf(valid.replace('./paths.mts', '../paths.mts'));
    assert.match(outside, /encore\.workload\.mts:2: there is no file .*paths\.mts/);
    const { mistakes } = await checkModule(join(folder, 'load/encore.workload.mts'), root, load);
    assert.deepEqual(mistakes, []);
  });

  it('names what a run does not test, until the workload has the functions for it', async () => {
    const withFunctions = (functions: string): string => valid.replace('probe:', `${functions}\n  probe:`);
    const readBack = 'readBack: async () => null,';
    assert.match(untestedText(await check(valid)).join(), /^not tested: integrity .* no readBack; docs\/WORKLOADS\.md/);
    assert.match(untestedText(await check(withFunctions(readBack))).join(), /^not tested: objects that nobody wrote/);
    const both = `${readBack} list: async function* () {},`;
    assert.deepEqual(untestedText(await check(withFunctions(both))), []);
  });
});
