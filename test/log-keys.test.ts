/** A log line is a JSON object that pino begins: a member of the same name stands in it twice, and a reader takes the last one. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';

const root = join(import.meta.dirname, '..');
/** Those of pino, and those that `createLogger` sets. */
const reserved = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'name', 'service']);
const logCall = /\blog(?:ger)?\??\.(?:trace|debug|info|warn|error|fatal)\(\s*\{([^{}]*)\}/g;

/** `{ level, b: c(d, e) }` has `level` and `b`; what a nested call takes has no colon after a comma at the top. */
function keysOf(members: string): string[] {
  const flat = members.replace(/\([^()]*\)/g, '');
  return flat.split(',').flatMap((member) => /^\s*['"]?(\w+)['"]?\s*(?::|$)/.exec(member)?.[1] ?? []);
}

function logKeysOf(source: string): string[][] {
  return [...source.matchAll(logCall)].map(([, members = '']) => keysOf(members));
}

describe('log calls', () => {
  it('name no member that pino or the logger sets', async () => {
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
    assert.ok(calls >= 25, `only ${calls} log calls were found, so this test looks past them`);
  });

  it('are found however they are written', () => {
    assert.deepEqual(logKeysOf("logger.info(\n  { level, err: describe(a, b) },\n  'x');"), [['level', 'err']]);
    assert.deepEqual(logKeysOf("this.log?.warn({ 'time': 1 }, 'x'); context.logger.error({ a, pid: 2 })"), [
      ['time'],
      ['a', 'pid'],
    ]);
  });
});
