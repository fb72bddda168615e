import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';

/** Tells, one a line, what is loaded before the server can open a port. */
const script = `
  const { registerHooks } = await import('node:module');
  registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
  await import(process.argv[1]);
  for (const name of process.moduleLoadList) console.log(name);
`;

describe('server start', () => {
  it('loads nothing before its ports are open that only a later request needs', () => {
    const program = join(import.meta.dirname, 'start-server.ts');
    const flags = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script, program];
    const loaded = execFileSync(process.execPath, flags, { encoding: 'utf8' });
    assert.match(loaded, /database\.ts\n/);
    for (const later of [
      /\/music\/analysis\//,
      /\/run-task\.ts/,
      /@modelcontextprotocol/,
      /\/report\.ts/,
      /deps\/undici\/undici/,
    ]) {
      assert.doesNotMatch(loaded, later);
    }
  });
});
