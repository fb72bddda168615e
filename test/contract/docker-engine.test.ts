/** Runs the engine contract on the Docker engine. */
import Docker from 'dockerode';
import { before, describe } from 'mocha';
import { requireEngine } from '../support/engine.ts';
import { engineContract } from './engine-contract.ts';

const image = 'node:24-bookworm-slim';

describe('Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });

  engineContract('Docker', async () => {
    const docker = new Docker();
    return {
      docker,
      create: ({ script, restart, memoryBytes = 64 * 1_048_576 }) =>
        docker.createContainer({
          Image: image,
          Entrypoint: ['/bin/sh', '-c', script],
          StopSignal: 'SIGTERM',
          Labels: { 'encore.contract': 'subject' },
          HostConfig: {
            Init: true,
            RestartPolicy: { Name: restart },
            Memory: memoryBytes,
            MemorySwap: memoryBytes,
            NetworkMode: 'none',
            Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
          },
        }),
      output: async (container) => String(await container.logs({ stdout: true, stderr: true })),
      remove: async (container) => void (await container.remove({ force: true })),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});
