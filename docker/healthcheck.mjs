// Health check of a container: `node healthcheck.mjs URL` ends 0 when the answer is 2xx. Plain node:http, because fetch costs
// twice the start-up and its memory is charged to the container. An agent of its own takes no proxy from the environment.
import { get } from 'node:http';

const request = get(process.argv[2], { agent: false, timeout: 2_500 }, (response) =>
  process.exit(response.statusCode < 300 ? 0 : 1),
);
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
