import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import { ServiceClients } from './service-clients.ts';

/** A server that answers every request with this status and text. */
async function answering(status: number, text: string) {
  const server = createServer((_request, response) => void response.writeHead(status).end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ready`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('ServiceClients', () => {
  const clients = new ServiceClients({ chaosUrl: '', loadgenUrl: '' });

  it('accepts a readiness response of any format', async () => {
    using plain = await answering(200, 'OK');
    assert.equal(await clients.allAnswerOk([plain.url, plain.url], { timeoutMs: 10_000 }), true);
  });

  it('gives the reason of the replica that is not ready', async () => {
    using ready = await answering(200, '');
    using starting = await answering(503, 'still starting');
    await assert.rejects(clients.allAnswerOk([ready.url, starting.url], { timeoutMs: 10_000 }), {
      message: `GET ${starting.url} returned 503: still starting`,
    });
  });
});
