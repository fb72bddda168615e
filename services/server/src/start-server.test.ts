import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@encore/kit';
import { describe, it } from 'mocha';
import { createComponents } from './components.ts';
import { readSettings } from './config.ts';
import type { McpRoute } from './http/users-app.ts';
import { openUsersPort } from './start-server.ts';

/** Prints the modules that load before the server can open a port, one per line. */
const script = `
  const { registerHooks } = await import('node:module');
  registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
  await import(process.argv[1]);
  for (const name of process.moduleLoadList) console.log(name);
`;

describe('startServer', () => {
  it('loads only what it needs to open its ports', () => {
    const program = join(import.meta.dirname, 'start-server.ts');
    const flags = ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script, program];
    const loaded = execFileSync(process.execPath, flags, { encoding: 'utf8' });
    assert.match(loaded, /database\.ts\n/);
    for (const later of [
      /\/music\/src\/analysis\//,
      /\/run-task\.ts/,
      /@modelcontextprotocol/,
      /\/report\.ts/,
      /deps\/undici\/undici/,
    ]) {
      assert.doesNotMatch(loaded, later);
    }
  });

  it('loads the MCP route at the first request that needs it', async () => {
    const logger = createLogger('server', 'silent');
    const environment = { ENCORE_PORT: '0', ENCORE_SCRATCH_DIR: join(tmpdir(), 'encore-start-test') };
    const settings = readSettings(environment);
    await using components = createComponents(settings, logger);
    let loads = 0;
    const load = async (): Promise<McpRoute> => {
      loads += 1;
      return async (_request, response) => {
        response.end('from the route');
      };
    };
    const users = await openUsersPort(settings, components, load, logger);
    const url = `http://127.0.0.1:${users.port}`;
    try {
      assert.equal((await fetch(`${url}/nothing`)).status, 404);
      assert.equal((await fetch(`${url}/scores?limit=0`)).status, 400);
      assert.equal(loads, 0);
      assert.equal(await (await fetch(`${url}/mcp`, { method: 'POST' })).text(), 'from the route');
      assert.equal(loads, 1);
    } finally {
      await users.stop(100);
    }
  });
});
