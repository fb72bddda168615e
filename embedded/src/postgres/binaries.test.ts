import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { preparePostgres } from './binaries.ts';

describe('the programs of PostgreSQL', () => {
  it('can be run by another user after an install with a umask of 077', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'encore-binaries-'));
    const installed = join(folder.path, 'package');
    mkdirSync(join(installed, 'native', 'bin'), { recursive: true });
    mkdirSync(join(installed, 'native', 'share'));
    writeFileSync(join(installed, 'package.json'), '{"version": "1.2.3"}');
    writeFileSync(join(installed, 'native', 'bin', 'initdb'), '', { mode: 0o700 });
    writeFileSync(join(installed, 'native', 'share', 'postgres.bki'), '', { mode: 0o600 });
    for (const path of ['bin', 'share', '.']) chmodSync(join(installed, 'native', path), 0o700);
    const programs = await preparePostgres(join(folder.path, 'cache'), installed);
    const modes = ['.', 'bin', 'share', 'bin/initdb', 'share/postgres.bki'].map((path) =>
      (statSync(join(programs, path)).mode & 0o777).toString(8),
    );
    assert.deepEqual(modes, ['755', '755', '755', '755', '644']);
  });
});
