/** Runs the engine contract on the process engine. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { engineApi } from '../../embedded/src/engine/api.ts';
import { Engine } from '../../embedded/src/engine/engine.ts';
import { Reaper } from '../../embedded/src/engine/reaper.ts';
import { engineContract } from './engine-contract.ts';

engineContract('processes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'encore-contract-'));
  const reaper = new Reaper(folder);
  const engine = new Engine(reaper);
  const socketPath = join(folder, 'engine.sock');
  const server = createServer(engineApi(engine)).listen(socketPath);
  await once(server, 'listening');
  const docker = new Docker({ socketPath });
  let created = 0;
  return {
    docker,
    create: async ({ script, restart, memoryBytes = 64 * 1_048_576 }) => {
      created += 1;
      const { id } = engine.create({
        name: `subject-${created}`,
        image: 'test',
        command: ['/bin/sh', '-c', script],
        env: { PATH: process.env['PATH'] ?? '' },
        cwd: '/',
        labels: { 'encore.contract': 'subject' },
        stopSignal: 'SIGTERM',
        stopGraceMs: 10_000,
        restart,
        limits: { memoryBytes, cpus: 1 },
        logFile: join(folder, `subject-${created}.log`),
      });
      return docker.getContainer(id);
    },
    output: async () => await readFile(join(folder, `subject-${created}.log`), 'utf8').catch(() => ''),
    remove: async (container) => await engine.remove(container.id),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      server.close();
      server.closeAllConnections();
      reaper[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
