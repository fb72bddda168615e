/** Reads the environment of the chaos service; no other module reads it. */
import { portVariable, readEnv, urlVariable } from '@encore/kit';
import { z } from 'zod';

/** `listen>upstream`, each host:port. */
const proxyVariable = z
  .string()
  .regex(/^[^\s>]+:\d+>[^\s>]+:\d+$/, 'must look like 0.0.0.0:8000>server:8000')
  .transform((text) => {
    const [listen = '', upstream = ''] = text.split('>');
    return { listen, upstream };
  });

export interface ChaosConfig {
  host: string;
  port: number;
  logLevel: string;
  project: string;
  engineSocket: string;
  toxiproxyUrl: string;
  toxiproxyTokenFile: string | undefined;
  serverHealthUrl: string;
  proxies: { 'server:8000': ProxyAddress; 'postgres:5432': ProxyAddress };
  journalDir: string;
  tokenFile: string;
}
export interface ProxyAddress {
  listen: string;
  upstream: string;
}

export function readChaosConfig(env: NodeJS.ProcessEnv): ChaosConfig {
  const read = readEnv(
    {
      ENCORE_HOST: z.string().default('127.0.0.1'),
      ENCORE_PORT: portVariable.default(8011),
      ENCORE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      ENCORE_PROJECT: z.string().min(1),
      ENCORE_ENGINE_SOCKET: z.string().min(1),
      ENCORE_TOXIPROXY_URL: urlVariable,
      /** Token of the embedded proxy, which requires one; Toxiproxy has no authentication. */
      ENCORE_TOXIPROXY_TOKEN_FILE: z.string().optional(),
      ENCORE_SERVER_HEALTH_URL: urlVariable.default('http://127.0.0.1:8001'),
      ENCORE_PROXY_SERVER: proxyVariable,
      ENCORE_PROXY_POSTGRES: proxyVariable,
      ENCORE_JOURNAL_DIR: z.string().min(1),
      ENCORE_TOKEN_FILE: z.string().min(1),
    },
    env,
  );
  return {
    host: read.ENCORE_HOST,
    port: read.ENCORE_PORT,
    logLevel: read.ENCORE_LOG_LEVEL,
    project: read.ENCORE_PROJECT,
    engineSocket: read.ENCORE_ENGINE_SOCKET,
    toxiproxyUrl: read.ENCORE_TOXIPROXY_URL.replace(/\/$/, ''),
    toxiproxyTokenFile: read.ENCORE_TOXIPROXY_TOKEN_FILE || undefined,
    serverHealthUrl: read.ENCORE_SERVER_HEALTH_URL.replace(/\/$/, ''),
    proxies: { 'server:8000': read.ENCORE_PROXY_SERVER, 'postgres:5432': read.ENCORE_PROXY_POSTGRES },
    journalDir: read.ENCORE_JOURNAL_DIR,
    tokenFile: read.ENCORE_TOKEN_FILE,
  };
}
