/** Reads the environment of the chaos service; no other module reads it. */
import { portVariable, readEnv, urlVariable } from '@encore/kit';
import { readSystemFile } from '@encore/kit/system-file';
import { z } from 'zod';

export type ChaosConfig = ReturnType<typeof readChaosConfig>;

export function readChaosConfig(env: NodeJS.ProcessEnv) {
  const read = readEnv(
    {
      /** Name of this service in Compose. */
      ENCORE_NAME: z.string().default('chaos'),
      ENCORE_HOST: z.string().default('127.0.0.1'),
      ENCORE_PORT: portVariable.default(8011),
      ENCORE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      ENCORE_PROJECT: z.string().min(1),
      ENCORE_ENGINE_SOCKET: z.string().min(1),
      /** Token of the embedded proxy, which requires one; Toxiproxy has no authentication. */
      ENCORE_TOXIPROXY_TOKEN_FILE: z.string().optional(),
      ENCORE_SERVER_HEALTH_URL: urlVariable.default('http://127.0.0.1:8001'),
      /** The load generator, which carries out load faults. */
      ENCORE_LOADGEN_URL: urlVariable.default('http://127.0.0.1:8012'),
      /** The system description. */
      ENCORE_SYSTEM_FILE: z.string().min(1),
      ENCORE_JOURNAL_DIR: z.string().min(1),
      ENCORE_TOKEN_FILE: z.string().min(1),
    },
    env,
  );
  return { ...read, system: readSystemFile(read.systemFile) };
}
