/**
 * The toy lab on the Docker engine, with the real Toxiproxy. The chaos service runs outside and
 * reaches everything by address.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { root } from '../../support/command.ts';
import { startToyLoad } from './toy-load.ts';
import {
  databaseProgram,
  memoryBytes,
  serverProgram,
  type ToyLab,
  targetLabels,
  writeToySystem,
} from './toy-programs.ts';

const nodeImage = 'node:24-bookworm-slim';
const toxiproxyImage = 'ghcr.io/shopify/toxiproxy:2.12.0';

const limits: Docker.HostConfig = {
  Init: true,
  RestartPolicy: { Name: 'always' },
  Memory: memoryBytes,
  MemorySwap: memoryBytes,
  NanoCpus: 1e9,
  Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
};

export async function startDockerToyLab(): Promise<ToyLab> {
  const docker = new Docker();
  const project = `encore-toy-${process.pid}-${Date.now() % 100_000}`;
  const journalDir = await mkdtemp(join(tmpdir(), 'encore-chaos-'));
  const { network, subnet } = await createNetwork(docker, project);
  const created = new Map<string, Docker.Container>();
  const run = async (name: string, last: number, options: Docker.ContainerCreateOptions) => {
    const container = await docker.createContainer({
      name: `${project}-${name}`,
      StopSignal: 'SIGTERM',
      NetworkingConfig: {
        EndpointsConfig: { [project]: { Aliases: [name], IPAMConfig: { IPv4Address: `${subnet}.${last}` } } },
      },
      ...options,
      HostConfig: { NetworkMode: project, ...options.HostConfig },
    });
    created.set(name, container);
    await container.start();
  };
  const dispose = async () => {
    await Promise.all(Array.from(created.values(), (container) => container.remove({ force: true, v: true })));
    await network.remove();
    await rm(journalDir, { recursive: true, force: true });
  };
  const program = (text: string) => ({ Image: nodeImage, Entrypoint: ['node', '-e', text], HostConfig: limits });
  const started = await Promise.allSettled([
    run('toxiproxy', 10, {
      Image: toxiproxyImage,
      Cmd: ['-host=0.0.0.0'],
      Labels: targetLabels(project, 'toxiproxy'),
    }),
    run('server', 11, {
      ...program(serverProgram),
      Env: ['ENCORE_SCRATCH_DIR=/scratch'],
      HostConfig: {
        ...limits,
        Binds: [`${join(root, 'docker')}:/app/docker:ro`],
        Tmpfs: { '/scratch': 'size=16m,mode=1777' },
      },
      Labels: targetLabels(project, 'server'),
    }),
    run('postgres', 12, {
      ...program(databaseProgram),
      Labels: targetLabels(project, 'postgres'),
    }),
    run('bystander', 13, {
      ...program(serverProgram),
      Labels: targetLabels(`${project}-not`, 'server'),
    }),
  ]);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await dispose();
    throw failed.reason;
  }
  const container = (name: string): Docker.Container => {
    const found = created.get(name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  };
  const places = {
    server: { host: `${subnet}.11`, port: 8000 },
    database: { host: `${subnet}.12`, port: 5432 },
    serverProxy: { host: `${subnet}.10`, port: 8000 },
    postgresProxy: { host: `${subnet}.10`, port: 5432 },
    toxiproxyUrl: `http://${subnet}.10:8474`,
  };
  const load = await startToyLoad(journalDir, places.serverProxy);
  return {
    docker,
    ...places,
    environment: {
      ENCORE_PROJECT: project,
      ENCORE_ENGINE_SOCKET: process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock',
      ENCORE_LOADGEN_URL: load.loadgenUrl,
      ENCORE_SYSTEM_FILE: writeToySystem(journalDir, places),
      ENCORE_JOURNAL_DIR: journalDir,
      ENCORE_TOKEN_FILE: join(journalDir, 'token'),
    },
    container,
    bystander: container('bystander'),
    [Symbol.asyncDispose]: async () => {
      await load[Symbol.asyncDispose]();
      await dispose();
    },
  };
}

/** Creates a network with fixed addresses; tries several ranges, because one may be taken. */
async function createNetwork(docker: Docker, name: string): Promise<{ network: Docker.Network; subnet: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const subnet = `10.${150 + (process.pid % 100)}.${(Date.now() + attempt * 7) % 250}`;
    try {
      const IPAM = { Driver: 'default', Config: [{ Subnet: `${subnet}.0/24` }] };
      return { network: await docker.createNetwork({ Name: name, IPAM }), subnet };
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}
