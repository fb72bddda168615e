/** Checks that TypeScript finds a mistake in a workload with the tsconfig.json of `encore init`. */
import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { editorConfigText } from '../packages/project/src/init/editor-config.ts';
import { root, runCommand } from './support/command.ts';

const workload = (call: string) => `import { defineWorkload } from '@encore/workload';

export default defineWorkload({
  operations: { read: { weight: 1, run: async ({ http }) => void (await ${call}) } },
  probe: { request: { method: 'GET', path: '/' } },
});
`;

describe('editor configuration of a workload', function () {
  this.timeout(120_000);

  it('accepts a correct module and finds what is wrong in another', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'encore-editor-'));
    const { path: cwd } = folder;
    await writeFile(join(cwd, 'tsconfig.json'), editorConfigText(root));
    await writeFile(join(cwd, 'right.mts'), workload("http.get('/items')"));
    await writeFile(join(cwd, 'wrong.mts'), workload('http.gte(7)'));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, '-p', cwd, '--pretty', 'false'];
    const { stdout } = await runCommand(process.execPath, args, { cwd, timeoutMs: 100_000 });
    assert.match(stdout, /^wrong\.mts\(4,\d+\): error TS\d+: Property 'gte' does not exist on type 'Http'/);
    assert.equal(stdout.trim().split('\n').length, 1, stdout);
  });
});
