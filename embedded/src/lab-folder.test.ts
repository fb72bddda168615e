import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openLabFolder, problemOfHome, runsOf, scratchOf } from './lab-folder.ts';

describe('lab folder', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'encore-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const host = (...homes: string[]) => ({ homes, temporary: tmpdir(), serverConfig: undefined, base: {} });

  it('takes the next home when the first is not writable, and throws when none is', () => {
    const bad = '/dev/null/encore';
    assert.ok(openLabFolder(host(bad, home), '/checkout', 1).path.startsWith(home));
    assert.throws(() => openLabFolder(host(bad), '/checkout', 1), { code: 'NO_FOLDER' });
  });

  it('names the scratch folder before the lab exists, and then uses it', () => {
    const homes = host('/dev/null/encore', home);
    const named = scratchOf(homes, 7);
    assert.ok(named.startsWith(home) && !existsSync(named));
    assert.equal(openLabFolder(homes, '/checkout', 7).scratch, named);
    assert.ok(existsSync(named));
  });

  it('refuses an unusable ENCORE_HOME, including one below /proc', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    for (const bad of ['here', './here', file, join(file, 'below'), '/dev/null/encore', '/proc/nope/deep', '/proc'])
      assert.match(
        problemOfHome(bad) ?? '',
        /^ENCORE_HOME: ".*" cannot be used \(.+\); expected the absolute path of a folder/,
      );
    assert.ok(!existsSync('here'));
    assert.match(problemOfHome(file) ?? '', /\(it is a file\)/);
    assert.match(problemOfHome(join(home, 'a$b')) ?? '', /PostgreSQL does not start from a path with \$/);
    assert.ok(
      openLabFolder(host(join(home, 'a"b'), join(home, 'c d:ü')), '/c', 1).path.startsWith(join(home, 'c d:ü')),
    );
    assert.equal(problemOfHome(join(home, 'a', 'b')), null);
    assert.ok(existsSync(join(home, 'a', 'b')));
  });

  it('separates the runs of each checkout and keeps the last twenty overall', () => {
    const [mine, other] = ['/a/encore', '/b/encore'].map((root) => openLabFolder(host(home), root, 1).runs);
    assert.ok(mine && other && mine !== other);
    assert.equal(mine, runsOf(home, '/a/encore'));
    for (let run = 0; run < 15; run += 1) {
      for (const runs of [mine, other]) {
        const path = join(runs, `run${run}`);
        mkdirSync(path);
        utimesSync(path, run, run);
      }
    }
    openLabFolder(host(home), '/c', 1);
    assert.deepEqual(readdirSync(mine), readdirSync(other));
    assert.equal(readdirSync(mine).length, 10);
    assert.ok(!existsSync(join(mine, 'run4')) && existsSync(join(mine, 'run5')));
  });

  it('keeps the path of the socket short', () => {
    const deep = join(home, 'a'.repeat(80));
    const { engineSocket } = openLabFolder(host(deep), '/checkout', 1);
    assert.ok(engineSocket.length <= 100, engineSocket);
    rmSync(join(engineSocket, '..'), { recursive: true });
  });
});
