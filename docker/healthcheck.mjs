// Health check of a container: `node healthcheck.mjs URL` exits 0 on a 2xx response. Uses node:http
// because fetch doubles the start-up time and its memory is charged to the container. `agent:
// false` ignores proxies of the environment.
import { get } from 'node:http';

const request = get(process.argv[2], { agent: false, timeout: 2_500 }, (response) =>
  process.exit(response.statusCode < 300 ? 0 : 1),
);
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
