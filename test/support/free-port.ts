/** Finds free ports on this machine. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
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
