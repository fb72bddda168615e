/** The scheduler's environment; nothing else of it is read anywhere. */
import { portVariable, readEnv, urlVariable } from '@encore/kit';
import { z } from 'zod';

export interface ChaosConfig {
  host: string;
  port: number;
  logLevel: string;
  guardUrl: string;
}

export function readChaosConfig(env: NodeJS.ProcessEnv): ChaosConfig {
  const read = readEnv(
    {
      ENCORE_HOST: z.string().default('127.0.0.1'),
      ENCORE_PORT: portVariable.default(8011),
      ENCORE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      ENCORE_GUARD_URL: urlVariable,
    },
    env,
  );
  return {
    host: read.ENCORE_HOST,
    port: read.ENCORE_PORT,
    logLevel: read.ENCORE_LOG_LEVEL,
    guardUrl: read.ENCORE_GUARD_URL.replace(/\/$/, ''),
  };
}
