/** The least that a Node server can be: what the start of the lab's server is compared with. */
import { createServer } from 'node:http';

createServer((_request, response) => response.end('right')).listen(Number(process.env['ENCORE_PORT']), '127.0.0.1');
