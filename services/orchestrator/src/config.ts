/**
 * Addresses, folders and system description of the lab, from the environment; user settings are in
 * settings/.
 */
import type { System } from '@encore/contracts';
import { portVariable, readEnv, urlVariable } from '@encore/kit';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { z } from 'zod';

/** Leaves invalid JSON as text, which the schema rejects. */
function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

const shape = {
  /** The host name at which other programs of the lab find this one. */
  ENCORE_NAME: z.string().default('orchestrator'),
  ENCORE_HOST: z.string().default('127.0.0.1'),
  ENCORE_PORT: portVariable.default(8080),
  ENCORE_CHAOS_URL: urlVariable.default('http://127.0.0.1:8011'),
  /** The file with the API token of the chaos service. */
  ENCORE_TOKEN_FILE: z.string().optional(),
  ENCORE_LOADGEN_URL: urlVariable.default('http://127.0.0.1:8012'),
  /** The Prometheus whose alert history is read after the run; unset: no monitoring. */
  ENCORE_PROMETHEUS_URL: urlVariable.optional(),
  ENCORE_RUNS_DIR: z.string().default('runs'),
  /** How messages name that folder; unset: by its path, which in a container helps nobody. */
  ENCORE_RUNS_NAME: z.string().optional(),
  ENCORE_RESULTS_DIR: z.string().default('test_results'),
  /** Log folder of the lab's programs, copied next to the report; unset with Docker. */
  ENCORE_LOGS_DIR: z.string().optional(),
  /** How to see the log of a service; unset: with the Compose project in the current folder. */
  ENCORE_LOGS_HINT: z.string().optional(),
  /** Unsupported fault kinds and reasons, as JSON; unset: the chaos service reports them. */
  ENCORE_UNSUPPORTED: z.preprocess(parsed, z.record(z.string(), z.string())).optional(),
  ENCORE_WHERE_TO_LOOK: z.string().optional(),
  /** Browser addresses of the live page and Prometheus's alerts, for links in dashboards. */
  ENCORE_PAGE_URL: urlVariable.default('http://localhost:8080'),
  ENCORE_ALERTS_URL: urlVariable.default('http://localhost:9090/alerts'),
  /** Browser address of Grafana; unset: the lab has none. */
  ENCORE_GRAFANA_URL: urlVariable.optional(),
  /** The command that the user starts this program with, for messages. */
  ENCORE_COMMAND: z.string().default('./encore'),
  ENCORE_AFTER_RUN_HINT: z.string().optional(),
  ENCORE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
};

/** The default address of a run's page: Compose publishes it on this port. */
export function pageUrl(env: NodeJS.ProcessEnv): string {
  return `http://127.0.0.1:${env['ENCORE_PORT_PAGE'] || 8080}`;
}

/** Throws INVALID_SYSTEM with one line per mistake. */
export function readSystem(env: NodeJS.ProcessEnv): System {
  return readSystemFile(env['ENCORE_SYSTEM_FILE'] || bundledSystemFile);
}

/** Throws INVALID_ENVIRONMENT with every variable that is wrong. */
export function readWiring(env: NodeJS.ProcessEnv) {
  const { pageUrl: page, alertsUrl: alerts, grafanaUrl: grafana, ...wiring } = readEnv(shape, env);
  return { ...wiring, links: { page, alerts, grafana } };
}

export type Wiring = ReturnType<typeof readWiring>;
