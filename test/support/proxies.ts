/** The two proxy servers that the lab can use, each as a process on this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import Docker from 'dockerode';
import { root } from './command.ts';
import { freePort } from './free-port.ts';

const toxiproxyImage = 'ghcr.io/shopify/toxiproxy:2.12.0';

export interface RunningProxy extends AsyncDisposable {
  /** Address of the API. Proxies listen on 127.0.0.1 of this machine and reach servers there. */
  url: string;
}

/**
 * From the image pinned in docker-compose.yml, on the host's network, where its clients and servers
 * are.
 */
export async function startToxiproxy(): Promise<RunningProxy> {
  const port = await freePort();
  const container = await new Docker().createContainer({
    Image: toxiproxyImage,
    Cmd: ['-host=127.0.0.1', `-port=${port}`],
    Env: ['LOG_LEVEL=error'],
    HostConfig: { NetworkMode: 'host', AutoRemove: true, Memory: 128 * 1_048_576 },
  });
  await container.start();
  const url = `http://127.0.0.1:${port}`;
  await waitUntil('Toxiproxy', async () => (await fetch(`${url}/version`)).ok, { timeoutMs: 20_000 });
  return { url, [Symbol.asyncDispose]: async () => void (await container.remove({ force: true })) };
}

export async function startEmbeddedProxy(): Promise<RunningProxy> {
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
}
