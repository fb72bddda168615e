/** The reverse proxy: passes each request on to the API. */
import { createServer, request } from 'node:http';

const { hostname, port } = new URL(process.env.API_URL);

const server = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const forwarded = request({ hostname, port, method, path, headers, timeout: 5_000 });
  forwarded.on('response', (response) => {
    response.on('error', () => outgoing.destroy());
    outgoing.writeHead(response.statusCode, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on('timeout', () => forwarded.destroy(new Error('no response within 5 s')));
  forwarded.on('error', ({ message }) => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
  });
  // The client may leave before the API has answered.
  outgoing.on('close', () => forwarded.destroy());
  incoming.pipe(forwarded);
});
server.listen(Number(process.env.PORT ?? 8080));
