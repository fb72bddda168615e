import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';

const program = join(import.meta.dirname, '../testing/floor-growth.ts');

describe('GarbageCollections', () => {
  it('measures the memory in use without garbage', async () => {
    // In a separate process: garbage of other tests would be collected here at any time.
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    const { grown, kept } = JSON.parse(stdout) as { grown: number; kept: number };
    assert.ok(Math.abs(grown - kept) < 2_000_000, `${grown} bytes, kept ${kept}`);
  });
});
