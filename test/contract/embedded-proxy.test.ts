/** The proxy contract on the embedded proxy, as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { root } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { proxyContract } from './proxy-contract.ts';

proxyContract('embedded', async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [join(root, 'embedded/src/proxy/main.ts')], {
    env: { ...process.env, ENCORE_PORT: String(port) },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil('the proxy', async () => (await fetch(`${url}/version`)).ok, { timeoutMs: 10_000 });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
});
