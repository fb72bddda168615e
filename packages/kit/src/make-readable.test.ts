import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempDisposableSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { makeReadable } from './make-readable.ts';

describe('makeReadable', () => {
  it('adds what a umask of 077 took away, and nothing else', async () => {
    using outer = mkdtempDisposableSync(join(tmpdir(), 'encore-readable-'));
    const folder = join(outer.path, 'lib');
    mkdirSync(join(folder, 'inner'), { recursive: true });
    writeFileSync(join(outer.path, 'outside'), '', { mode: 0o600 });
    symlinkSync('../outside', join(folder, 'link'));
    for (const [path, mode] of [
      ['inner/data', 0o600],
      ['inner/program', 0o700],
      ['shared', 0o664],
    ] as const)
      writeFileSync(join(folder, path), '', { mode });
    for (const path of ['.', 'inner']) chmodSync(join(folder, path), 0o700);
    await makeReadable(folder);
    const modes = ['.', 'inner', 'inner/data', 'inner/program', 'shared', '../outside'].map((path) =>
      (statSync(join(folder, path)).mode & 0o777).toString(8),
    );
    assert.deepEqual(modes, ['755', '755', '644', '755', (0o664 & ~process.umask()).toString(8), '600']);
  });
});
