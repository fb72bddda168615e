/** The bundled lab on this runtime: the music server behind the proxy, and its PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { type HostEnvironment, serverConfigOf, serverMemoryBytes } from './config.ts';
import { embeddedSystem, unsupportedHere } from './embedded-system.ts';
import { type Lab, startLab } from './lab.ts';
import { bundledOffsets, type ChosenPorts } from './ports.ts';
import { preparePostgres } from './postgres/binaries.ts';
import { createDatabase } from './postgres/database.ts';
import { topology } from './topology.ts';

const role = 'encore';

export interface BundledLabOptions {
  readonly root: string;
  readonly results: string;
  readonly host: HostEnvironment;
  readonly serverMemoryBytes?: number;
  readonly ports?: ChosenPorts;
}

export async function startBundledLab(options: BundledLabOptions, signal: AbortSignal): Promise<Lab> {
  const { root, results, host } = options;
  return await startLab(
    { root, of: root, results, host },
    {
      offsets: bundledOffsets,
      chosenPorts: options.ports ?? {},
      otherPorts: [],
      describe: async (frame) => {
        const { ports, folder } = frame;
        const password = randomBytes(12).toString('hex');
        const programs = await preparePostgres(folder.cache);
        const place = { programs, folder: folder.sub('postgres'), port: ports.postgres };
        const database = await createDatabase({ ...place, role, password });
        return {
          system: embeddedSystem(readSystemFile(bundledSystemFile), ports, unsupportedHere()),
          services: topology({
            ...frame,
            database,
            databaseUrl: `postgres://${role}:${password}@127.0.0.1:${ports.postgresProxy}/postgres`,
            serverConfig: serverConfigOf(host, root),
            serverMemoryBytes: options.serverMemoryBytes ?? serverMemoryBytes({}),
          }),
        };
      },
    },
    signal,
  );
}
