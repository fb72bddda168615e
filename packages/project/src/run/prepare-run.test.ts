import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { stringify } from 'yaml';
import { encoreFileSchema } from '../encore-file/encore-file.ts';
import { resolvedProject } from '../testing/resolved-project.ts';
import { prepareRun, type ReadFile } from './prepare-run.ts';
import { printCompose } from './print-compose.ts';

const formerPath = process.env['PATH'];

describe('encore compose and encore run', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-prepare-'));
    writeFileSync(join(folder, 'resolved.yaml'), stringify(resolvedProject({ api: {} })));
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\nexec cat ${folder}/resolved.yaml\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    writeFileSync(join(folder, 'load.yaml'), 'probe: 1\noperations: {}\n');
    process.env['PATH'] = `${folder}${delimiter}${formerPath}`;
  });
  after(() => {
    process.env['PATH'] = formerPath;
    rmSync(folder, { recursive: true });
  });
  const read = (ready: string, workload?: string, settings: ReadFile['settings'] = {}): ReadFile => ({
    file: encoreFileSchema.parse({
      system: {
        entry: 'api:8000',
        recoveryOf: 'api',
        containers: { api: { health: { ready } } },
        proxies: { 'api:8000': { probe: 'http' } },
      },
      workload,
    }),
    settings,
  });
  /** Of both commands. */
  const problems = async (file: ReadFile): Promise<string[][]> => {
    const path = join(folder, 'encore.yaml');
    const results = [await printCompose({ ...file, path, showSecrets: true }), await prepareRun(file, folder, 0)];
    return results.map((result) => (result.ok ? [] : result.problems));
  };

  it('report the same problems', async () => {
    const [printed = [], run] = await problems(read('http://other:8000/', 'load.yaml'));
    assert.deepEqual(printed, run);
    assert.match(printed[0] ?? '', /^system.containers.api.health.ready: other is not a service/);
    assert.match(printed[1] ?? '', /^load.yaml:1:1: probe: /);
    const rule = { name: 'caps', target: 'api', when: { atSeconds: [30] }, faults: [{ kind: 'memory-cap' }] };
    const impossible = await problems(read('http://api:8000/', undefined, { schedule: [rule] }));
    for (const list of impossible)
      assert.match(list[0] ?? '', /^schedule\[0\].faults\[0\]: memory-cap is impossible on api/);
  });

  it('state where the Compose file belongs if Compose finds none', async () => {
    const docker = join(folder, 'docker');
    const working = readFileSync(docker, 'utf8');
    writeFileSync(docker, '#!/bin/sh\necho "no configuration file provided: not found" >&2\nexit 14\n');
    const expected =
      'no Compose file in this folder; move encore.yaml next to it, or list its path under system.compose.files in encore.yaml';
    try {
      for (const [first] of await problems(read('http://api:8000/'))) assert.equal(first, expected);
    } finally {
      writeFileSync(docker, working);
    }
  });

  it('differ only for a project without a workload, which can be shown but not run', async () => {
    const [printed, run = []] = await problems(read('http://api:8000/'));
    assert.deepEqual(printed, []);
    assert.match(run.join(), /^workload: is missing/);
  });
});
