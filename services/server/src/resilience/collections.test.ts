import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';

const program = join(import.meta.dirname, '../testing/floor-growth.ts');

describe('full collections', () => {
  it('are counted, with what is in use after the last: kept buffers count, garbage does not', async () => {
    // Not in this process, where other tests have left what is collected at any time.
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    const { grown, kept } = JSON.parse(stdout) as { grown: number; kept: number };
    assert.ok(Math.abs(grown - kept) < 2_000_000, `${grown} bytes, kept ${kept}`);
  });
});
