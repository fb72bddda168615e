/**
 * Keys of log calls. Pino writes its own members first, so a duplicate would appear twice in a line
 * and override them.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '..');
/** Members of pino and of `createLogger`. */
const reserved = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'name', 'service']);
const logCall = /\blog(?:ger)?\??\.(?:trace|debug|info|warn|error|fatal)\(\s*\{([^{}]*)\}/g;

/** Returns the keys of an object literal: `level` and `b` for `{ level, b: c(d, e) }`. */
function keysOf(members: string): string[] {
  const flat = members.replace(/\([^()]*\)/g, '');
  return flat.split(',').flatMap((member) => /^\s*['"]?(\w+)['"]?\s*(?::|$)/.exec(member)?.[1] ?? []);
}

function logKeysOf(source: string): string[][] {
  return [...source.matchAll(logCall)].map(([, members = '']) => keysOf(members));
}

describe('log calls', () => {
  it('use no key that pino or the logger sets', async () => {
    const wrong: string[] = [];
    let calls = 0;
    for (const folder of ['packages', 'services', 'embedded']) {
      const names = await readdir(join(root, folder), { recursive: true });
      for (const name of names.filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))) {
        const all = logKeysOf(await readFile(join(root, folder, name), 'utf8'));
        calls += all.length;
        const keys = all.flat().filter((key) => reserved.has(key));
        if (keys.length > 0) wrong.push(`${folder}/${name}: ${keys.join(', ')}`);
      }
    }
    assert.deepEqual(wrong, [], `rename the members; reserved are ${[...reserved].join(', ')}`);
    assert.ok(calls >= 25, `found only ${calls} log calls, so this test misses most of them`);
  });

  it('are found in every notation', () => {
    assert.deepEqual(logKeysOf("logger.info(\n  { level, err: describe(a, b) },\n  'x');"), [['level', 'err']]);
    assert.deepEqual(logKeysOf("this.log?.warn({ 'time': 1 }, 'x'); context.logger.error({ a, pid: 2 })"), [
      ['time'],
      ['a', 'pid'],
    ]);
  });
});
