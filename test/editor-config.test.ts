/** Checks that TypeScript finds a mistake in a workload with the tsconfig.json of `encore init`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { editorConfigText } from '../packages/project/src/init/editor-config.ts';

const root = join(import.meta.dirname, '..');
const workload = (call: string) => `import { defineWorkload } from '@encore/workload';

export default defineWorkload({
  operations: { read: { weight: 1, run: async ({ http }) => void (await ${call}) } },
  probe: { request: { method: 'GET', path: '/' } },
});
`;

describe('editor configuration of a workload', function () {
  this.timeout(120_000);

  it('accepts a correct module and finds what is wrong in another', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'encore-editor-'));
    try {
      await writeFile(join(folder, 'tsconfig.json'), editorConfigText(root));
      await writeFile(join(folder, 'right.mts'), workload("http.get('/items')"));
      await writeFile(join(folder, 'wrong.mts'), workload('http.gte(7)'));
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.match(stdout, /^wrong\.mts\(4,\d+\): error TS\d+: Property 'gte' does not exist on type 'Http'/);
      assert.equal(stdout.trim().split('\n').length, 1, stdout);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
