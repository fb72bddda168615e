/**
 * The bundled lab as data: the counterpart of docker-compose.yml, with the same order and names.
 *
 *   loadgen ─▶ toxiproxy ─▶ server ─▶ toxiproxy ─▶ postgres
 *   chaos ─▶ Toxiproxy API, socket of the process engine
 */
import {
  at,
  commonSpec,
  type LabFrame,
  type LabService,
  labServices,
  nodeService,
  targetLabels,
} from './lab-services.ts';
import type { Ports } from './ports.ts';
import type { Database } from './postgres/database.ts';

const mebibyte = 1_048_576;

export interface BundledConfig extends LabFrame<Ports> {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly serverConfig: string;
  readonly serverMemoryBytes: number;
}

/**
 * The same flags as in the Dockerfile. By default V8 gives a server with short-lived requests a
 * young generation of 1 MB. Under overload, with half a CPU and sixteen requests per second, it
 * would collect it forty times per second. Both flags are needed: in a container with little
 * memory V8 sets the maximum to 1 MB and ignores a minimum above the maximum.
 */
export const serverFlags: readonly string[] = ['--min-semi-space-size=8', '--max-semi-space-size=8'];

export function topology(config: BundledConfig): LabService[] {
  const { ports, folder, database, project, serverMemoryBytes } = config;
  const databaseLimits = { memoryBytes: 256 * mebibyte, cpus: 1 };
  const serverLimits = { memoryBytes: serverMemoryBytes, cpus: 1 };
  return [
    {
      after: [],
      ready: { port: ports.postgres },
      spec: {
        ...commonSpec(config, 'postgres'),
        ...database,
        image: 'postgres (embedded)',
        cwd: '/',
        stopSignal: 'SIGINT',
        labels: targetLabels(project, 'postgres', databaseLimits),
        limits: databaseLimits,
      },
    },
    ...labServices(
      config,
      { toxiproxy: 'toxiproxy', chaos: 'chaos', loadgen: 'loadgen' },
      {
        chaosEnv: { ENCORE_SERVER_HEALTH_URL: at(ports.health) },
        loadgenEnv: { ENCORE_TARGET_URL: at(ports.serverProxy) },
      },
    ),
    {
      after: ['chaos', 'postgres'],
      ready: { url: `${at(ports.health)}/health/ready` },
      spec: {
        ...nodeService(config)(
          'server',
          'services/server/src/main.ts',
          ports.server,
          {
            ENCORE_HEALTH_PORT: String(ports.health),
            ENCORE_DATABASE_URL: config.databaseUrl,
            ENCORE_SERVER_CONFIG: config.serverConfig,
            ENCORE_SERVER_MEMORY_BYTES: String(serverMemoryBytes),
            ENCORE_SCRATCH_DIR: folder.scratch,
            ENCORE_ALLOWED_HOSTS: 'localhost,127.0.0.1',
          },
          serverFlags,
        ),
        labels: targetLabels(project, 'server', serverLimits),
        limits: serverLimits,
      },
    },
  ];
}
