// Answers with the id that its volume has, and with what the store returns.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

if (!existsSync('/data/id')) writeFileSync('/data/id', randomUUID());
const id = readFileSync('/data/id', 'utf8');

createServer(async (request, response) => {
  if (request.url === '/health') return response.end('ok');
  try {
    const stored = await fetch(process.env.STORE_URL, { signal: AbortSignal.timeout(1_000) });
    response.end(JSON.stringify({ id, stored: await stored.text() }));
  } catch (error) {
    response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify({ error: String(error) }));
  }
}).listen(8000);
process.on('SIGTERM', () => process.exit(0));
