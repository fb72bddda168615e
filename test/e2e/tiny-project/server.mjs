import { createServer } from 'node:http';

createServer((_request, response) => response.end('tiny')).listen(8000);
