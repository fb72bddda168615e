/** The proxy contract on Toxiproxy itself, from the image that docker-compose.yml pins. */

import { waitUntil } from '@encore/kit';
import Docker from 'dockerode';
import { before, describe } from 'mocha';
import { requireEngine } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { proxyContract } from './proxy-contract.ts';

const image = 'ghcr.io/shopify/toxiproxy:2.12.0';

describe('Toxiproxy', () => {
  before(async function () {
    await requireEngine(this);
  });

  proxyContract('Toxiproxy', async () => {
    const port = await freePort();
    const container = await new Docker().createContainer({
      Image: image,
      Cmd: ['-host=127.0.0.1', `-port=${port}`],
      Env: ['LOG_LEVEL=error'],
      // The suite's servers and clients are on this machine.
      HostConfig: { NetworkMode: 'host', AutoRemove: true, Memory: 128 * 1_048_576 },
    });
    await container.start();
    const url = `http://127.0.0.1:${port}`;
    await waitUntil('Toxiproxy', async () => (await fetch(`${url}/version`)).ok, { timeoutMs: 20_000 });
    return { url, [Symbol.asyncDispose]: async () => void (await container.remove({ force: true })) };
  });
});
