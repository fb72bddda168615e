/**
 * A lab small enough for one test file, on the real engine: a server that answers everything, a stand-in for the database's
 * first word, the real Toxiproxy, and a bystander that nobody may touch. The guard runs here, against all of them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';

const nodeImage = 'node:24-bookworm-slim';
const toxiproxyImage = 'ghcr.io/shopify/toxiproxy:2.12.0';
export const memoryBytes = 256 * 1_048_576;

/** Answers any request with some 300 bytes; keeps 20 MB, so that a memory cap has something to squeeze. */
const serverProgram = `
const keep = Buffer.alloc(20e6, 1);
require('node:http').createServer((q, a) => a.end(JSON.stringify({ text: '.'.repeat(200), kept: keep.length })))
  .listen(8000);
process.on('SIGTERM', () => process.exit(0));`;
/** PostgreSQL answers the wish for TLS with one byte. */
const databaseProgram = `require('node:net').createServer(s => { s.on('error', () => {}); s.on('data', () => s.write('N')); }).listen(5432)`;

export interface ToyLab extends AsyncDisposable {
  docker: Docker;
  project: string;
  socket: string;
  journalDir: string;
  environment: Record<string, string>;
  serverAddress: string;
  proxyAddress: string;
  container(name: 'server' | 'postgres' | 'toxiproxy' | 'bystander'): Docker.Container;
}

export async function startToyLab(): Promise<ToyLab> {
  const socket = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
  const docker = new Docker({ socketPath: socket });
  const project = `encore-toy-${process.pid}-${Date.now() % 100_000}`;
  const journalDir = await mkdtemp(join(tmpdir(), 'encore-guard-'));
  const subnet = `10.${150 + (process.pid % 100)}.${Date.now() % 250}`;
  const network = await docker.createNetwork({
    Name: project,
    IPAM: { Driver: 'default', Config: [{ Subnet: `${subnet}.0/24` }] },
  });
  const ids: string[] = [];
  const run = async (name: string, image: string, last: number, more: Docker.ContainerCreateOptions) => {
    const { HostConfig, Labels, ...rest } = more;
    const container = await docker.createContainer({
      name: `${project}-${name}`,
      Image: image,
      Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': name, ...Labels },
      HostConfig: { NetworkMode: project, ...HostConfig },
      NetworkingConfig: {
        EndpointsConfig: { [project]: { Aliases: [name], IPAMConfig: { IPv4Address: `${subnet}.${last}` } } },
      },
      ...rest,
    });
    ids.push(container.id);
    await container.start();
  };
  const dispose = async () => {
    for (const id of ids)
      await docker
        .getContainer(id)
        .remove({ force: true, v: true })
        .catch(() => {});
    await network.remove().catch(() => {});
    await rm(journalDir, { recursive: true, force: true });
  };
  const limits = {
    Init: true,
    RestartPolicy: { Name: 'always' },
    Memory: memoryBytes,
    MemorySwap: memoryBytes,
    NanoCpus: 1e9,
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
  };
  const labels = (target: string, accepts: string) => ({
    'encore.target': target,
    'encore.accepts': accepts,
    'encore.baseline.memory': String(memoryBytes),
    'encore.baseline.memswap': String(memoryBytes),
    'encore.baseline.cpus': '1',
  });
  try {
    await run('toxiproxy', toxiproxyImage, 10, {
      Cmd: ['-host=0.0.0.0'],
      Labels: { 'encore.target': 'toxiproxy', 'encore.accepts': '' },
    });
    await run('server', nodeImage, 11, {
      Cmd: ['node', '-e', serverProgram],
      StopSignal: 'SIGTERM',
      HostConfig: limits,
      Labels: labels('server', 'crash,outage,restart,freeze,hang,memory-cap,cpu-throttle,partition'),
    });
    await run('postgres', nodeImage, 12, {
      Cmd: ['node', '-e', databaseProgram],
      StopSignal: 'SIGTERM',
      HostConfig: limits,
      Labels: labels('postgres', 'database-down,database-freeze'),
    });
    await run('bystander', nodeImage, 13, {
      Cmd: ['node', '-e', serverProgram],
      StopSignal: 'SIGTERM',
      HostConfig: limits,
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  const names = ['toxiproxy', 'server', 'postgres', 'bystander'];
  return {
    docker,
    project,
    socket,
    journalDir,
    serverAddress: `${subnet}.11`,
    proxyAddress: `${subnet}.10`,
    environment: {
      ENCORE_PORT: '0',
      ENCORE_PROJECT: project,
      ENCORE_ENGINE_SOCKET: socket,
      ENCORE_TOXIPROXY_URL: `http://${subnet}.10:8474`,
      ENCORE_CLIENT_LINK: `0.0.0.0:8000>${subnet}.11:8000`,
      ENCORE_DATABASE_LINK: `0.0.0.0:5432>${subnet}.12:5432`,
      ENCORE_JOURNAL_DIR: journalDir,
    },
    container: (name) => docker.getContainer(ids[names.indexOf(name)] ?? ''),
    [Symbol.asyncDispose]: dispose,
  };
}
