/** A minimal Node server, the baseline for the start-up time of the lab's server. */
import { createServer } from 'node:http';

createServer((_request, response) => response.end('right')).listen(Number(process.env['ENCORE_PORT']), '127.0.0.1');
