/** Finds free ports on this machine. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that kernels give to outgoing connections, so that no connection takes one. */
const range = [10_240, 32_768] as const;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...range);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

/**
 * Environment with which a Compose lab publishes on free ports, so that a test does not collide
 * with a running lab.
 */
export async function freeLabPorts(): Promise<Record<`ENCORE_PORT_${(typeof published)[number]}`, string>> {
  const ports = await Promise.all(published.map(async (name) => [`ENCORE_PORT_${name}`, String(await freePort())]));
  return Object.fromEntries(ports);
}

const published = ['SERVER', 'HEALTH', 'PAGE', 'PROMETHEUS', 'GRAFANA'] as const;
