/** The stress helper as a separate process: its responses, and that it leaves nothing behind. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const program = fileURLToPath(new URL('../../../../../docker/stress.mjs', import.meta.url));
const mebibytes = (count: number) => String(count * 1_048_576);

const run = (...argv: string[]) =>
  new Promise<Record<string, unknown>>((resolve, reject) => {
    execFile(process.execPath, [program, ...argv], (error, stdout) =>
      stdout === '' ? reject(error ?? new Error('no answer')) : resolve(JSON.parse(stdout)),
    );
  });

describe('stress.mjs', () => {
  it('allocates the requested memory', async () => {
    assert.deepEqual(await run('memory', mebibytes(20), '1', '60'), { taken: 20 * 1_048_576 });
  });

  it('gives up with a reason when the allocation takes too long', async () => {
    const { taken, why } = await run('memory', mebibytes(512), '1', '0.001');
    assert.equal(taken, 0);
    assert.match(String(why), /^only \d+ of 536870912 bytes could be taken within 0\.001 s$/);
  });
}).timeout(60_000);
