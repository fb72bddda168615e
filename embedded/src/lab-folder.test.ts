import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openLabFolder } from './lab-folder.ts';

describe('lab folder', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'encore-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const host = (...homes: string[]) => ({ homes, temporary: tmpdir(), serverConfig: undefined, base: {} });

  it('removes what dead labs left, and nothing of a living one', () => {
    const living = join(home, 'labs', String(process.ppid));
    // Larger than any pid: nobody lives there.
    const dead = join(home, 'labs', '99999999', 'postgres');
    mkdirSync(living, { recursive: true });
    mkdirSync(dead, { recursive: true });
    const lab = openLabFolder(host(home), process.pid);
    assert.ok(existsSync(living) && existsSync(lab.path) && !existsSync(dead));
  });

  it('takes the next place when the first cannot be written, and says so when none can', () => {
    const bad = '/dev/null/encore';
    assert.ok(openLabFolder(host(bad, home), 1).path.startsWith(home));
    assert.throws(() => openLabFolder(host(bad), 1), { code: 'NO_FOLDER' });
  });

  it('keeps the path of the socket short', () => {
    const deep = join(home, 'a'.repeat(80));
    const { engineSocket } = openLabFolder(host(deep), 1);
    assert.ok(engineSocket.length <= 100, engineSocket);
    rmSync(join(engineSocket, '..'), { recursive: true });
  });
});
