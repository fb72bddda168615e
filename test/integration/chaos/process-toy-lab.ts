/** The toy lab on the process engine, with the embedded proxy. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unsupportedOn } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import Docker from 'dockerode';
import { engineApi } from '../../../embedded/src/engine/api.ts';
import type { ContainerSpec } from '../../../embedded/src/engine/container-spec.ts';
import { Engine } from '../../../embedded/src/engine/engine.ts';
import { Reaper } from '../../../embedded/src/engine/reaper.ts';
import { root } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { startToyLoad } from './toy-load.ts';
import {
  databaseProgram,
  memoryBytes,
  serverProgram,
  type ToyLab,
  targetLabels,
  writeToySystem,
} from './toy-programs.ts';

export async function startProcessToyLab(): Promise<ToyLab> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-chaos-'));
  const reaper = new Reaper(folder);
  const engine = new Engine(reaper);
  const socketPath = join(folder, 'engine.sock');
  const api = createServer(engineApi(engine)).listen(socketPath);
  await once(api, 'listening');
  const docker = new Docker({ socketPath });
  const project = `toy-${process.pid}`;
  const local = async () => ({ host: '127.0.0.1', port: await freePort() });
  const [server, database, serverProxy, postgresProxy, proxyApi, other] = await Promise.all(
    Array.from({ length: 6 }, local),
  );
  if (!server || !database || !serverProxy || !postgresProxy || !proxyApi || !other) throw new Error('no ports');
  const create = (name: string, command: string[], port: number, labels: Record<string, string>) => {
    const spec: ContainerSpec = {
      name: `${project}-${name}`,
      image: 'toy',
      command,
      env: { PATH: process.env['PATH'] ?? '', PORT: String(port), ENCORE_PORT: String(port) },
      cwd: '/',
      labels,
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      restart: 'always',
      limits: { memoryBytes, cpus: 1 },
      logFile: join(folder, `${name}.log`),
    };
    const group = engine.openLimits(spec);
    // A process on this machine does not see its group as the root, so it gets the path of its
    // limit.
    const limitFile = group ? { MEMORY_LIMIT_FILE: group.memoryLimitFile } : {};
    const { id } = engine.create({ ...spec, env: { ...spec.env, ...limitFile } }, group);
    const container = docker.getContainer(id);
    return container.start().then(() => container);
  };
  const node = (text: string) => [process.execPath, '-e', text];
  const containers = {
    toxiproxy: await create(
      'toxiproxy',
      [process.execPath, join(root, 'embedded/src/proxy/main.ts')],
      proxyApi.port,
      targetLabels(project, 'toxiproxy'),
    ),
    server: await create('server', node(serverProgram), server.port, targetLabels(project, 'server')),
    postgres: await create('postgres', node(databaseProgram), database.port, targetLabels(project, 'postgres')),
  };
  const bystander = await create('bystander', node(serverProgram), other.port, targetLabels('another', 'server'));
  const toxiproxyUrl = `http://127.0.0.1:${proxyApi.port}`;
  await waitUntil('the proxy', async () => (await fetch(`${toxiproxyUrl}/version`)).ok, { timeoutMs: 10_000 });
  const load = await startToyLoad(folder, serverProxy);
  const reason = 'needs a container with its own network and scratch space';
  const unsupported = unsupportedOn('container', { networks: reason, 'stress-helper': reason });
  return {
    docker,
    server,
    database,
    serverProxy,
    postgresProxy,
    toxiproxyUrl,
    environment: {
      ENCORE_PROJECT: project,
      ENCORE_ENGINE_SOCKET: socketPath,
      ENCORE_LOADGEN_URL: load.loadgenUrl,
      ENCORE_SYSTEM_FILE: writeToySystem(
        folder,
        { server, database, serverProxy, postgresProxy, toxiproxyUrl },
        unsupported,
      ),
      ENCORE_JOURNAL_DIR: join(folder, 'journal'),
      ENCORE_TOKEN_FILE: join(folder, 'token'),
    },
    container: (name) => containers[name],
    bystander,
    [Symbol.asyncDispose]: async () => {
      await load[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      api.close();
      api.closeAllConnections();
      reaper[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
