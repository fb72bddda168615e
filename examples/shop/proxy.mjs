/** The reverse proxy: passes each request on to the API. */
import { createServer, request } from 'node:http';
import { pipeline } from 'node:stream';

const { hostname, port } = new URL(process.env.API_URL);

const server = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const fail = (status, error) => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  };
  const forwarded = request({ hostname, port, method, path, headers, timeout: 5_000 }, (response) => {
    outgoing.writeHead(response.statusCode, response.headers);
    pipeline(response, outgoing, () => {});
  });
  forwarded.on('timeout', () => forwarded.destroy(new Error('no response within 5 s')));
  forwarded.on('error', ({ message }) => fail(502, `api: ${message}`));
  pipeline(incoming, forwarded, () => {});
});
server.listen(Number(process.env.PORT ?? 8080));
