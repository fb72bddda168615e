/** The proxy as a separate process: Toxiproxy's API on ENCORE_PORT. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { closeServer, createLogger, readApiToken, runService } from '@encore/kit';
import { proxyApi } from './api.ts';
import { readConfig } from './config.ts';
import { ProxyCollection } from './proxy-collection.ts';

const logger = createLogger('toxiproxy');
await runService(logger, async () => {
  const { host, port, tokenFile } = readConfig(process.env);
  const proxies = new ProxyCollection();
  const token = tokenFile === undefined ? undefined : readApiToken(tokenFile);
  const server = createServer(proxyApi(proxies, token)).listen(port, host);
  await once(server, 'listening');
  logger.info({ port }, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      await closeServer(server, 500);
      await proxies[Symbol.asyncDispose]();
    },
  };
});
