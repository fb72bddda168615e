import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { closeServer } from './http-service.ts';

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('httpExchange', () => {
  it('bypasses HTTP_PROXY', async function () {
    this.timeout(10_000);
    let proxied = 0;
    const refuse = (socket: Duplex): void => {
      proxied += 1;
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    };
    const proxy = createServer((request) => refuse(request.socket));
    proxy.on('connect', (_request, socket) => refuse(socket));
    const service = createServer((_request, response) => response.end('"direct"'));
    const [proxyUrl, serviceUrl] = [await listen(proxy), await listen(service)];
    try {
      const module = join(import.meta.dirname, 'http-exchange.ts');
      const program = `
        const { httpExchange } = await import(${JSON.stringify(module)});
        const signal = AbortSignal.timeout(5000);
        console.log((await httpExchange(${JSON.stringify(serviceUrl)}, { signal })).text);
        console.log(await fetch(${JSON.stringify(serviceUrl)}, { signal }).then(({ status }) => status, () => 'proxied'));`;
      const env = { PATH: process.env['PATH'], NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxyUrl, http_proxy: proxyUrl };
      const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
      // The proxied fetch shows that Node applied the proxy settings.
      assert.equal((await run).stdout, '"direct"\nproxied\n');
      assert.equal(proxied, 1);
    } finally {
      await Promise.all([closeServer(proxy, 0), closeServer(service, 0)]);
    }
  });
});
