/** What wires the orchestrator to the others. The user's settings are read by the command line, not here. */
import { portVariable, readEnv, urlVariable } from '@encore/kit';
import { z } from 'zod';

/** What is no JSON stays a text, which the schema refuses. */
function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

const shape = {
  ENCORE_HOST: z.string().default('127.0.0.1'),
  ENCORE_PORT: portVariable.default(8080),
  ENCORE_CHAOS_URL: urlVariable.default('http://127.0.0.1:8011'),
  /** The file with the token that the chaos service demands. */
  ENCORE_TOKEN_FILE: z.string().optional(),
  ENCORE_LOADGEN_URL: urlVariable.default('http://127.0.0.1:8012'),
  ENCORE_SERVER_HEALTH_URL: urlVariable.default('http://127.0.0.1:8001'),
  /** Where Prometheus is asked what its alerts did; unset: nobody watches. */
  ENCORE_PROMETHEUS_URL: urlVariable.optional(),
  ENCORE_RUNS_DIR: z.string().default('runs'),
  ENCORE_RESULTS_DIR: z.string().default('test_results'),
  /** Where the lab's programs write their logs, if that is a folder: they are copied beside the report. */
  ENCORE_LOGS_DIR: z.string().optional(),
  /** The kinds of fault that the lab cannot do here, with the reasons, as JSON; unset: the chaos service is asked. */
  ENCORE_UNSUPPORTED: z.preprocess(parsed, z.record(z.string(), z.string())).optional(),
  ENCORE_WHERE_TO_LOOK: z.string().optional(),
  /** Where a browser finds the live page and Prometheus' alerts: dashboards link there. */
  ENCORE_PAGE_URL: urlVariable.default('http://localhost:8080'),
  ENCORE_ALERTS_URL: urlVariable.default('http://localhost:9090/alerts'),
  /** Where a browser finds Grafana; unset: there is none. */
  ENCORE_GRAFANA_URL: urlVariable.optional(),
  /** How the user calls this program. */
  ENCORE_COMMAND: z.string().default('./encore'),
  ENCORE_AFTER_RUN_HINT: z.string().optional(),
  ENCORE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn'),
};

/** Where a run's page is when nothing is said: Compose publishes it on this port. */
export function pageUrl(env: NodeJS.ProcessEnv): string {
  return `http://127.0.0.1:${env['ENCORE_PORT_PAGE'] || 8080}`;
}

export interface Wiring {
  host: string;
  port: number;
  chaosUrl: string;
  tokenFile: string | undefined;
  loadgenUrl: string;
  serverHealthUrl: string;
  prometheusUrl?: string | undefined;
  runsDir: string;
  resultsDir: string;
  command: string;
  logsDir?: string | undefined;
  unsupported?: Record<string, string> | undefined;
  whereToLook: string | undefined;
  links: { page: string; alerts: string; grafana?: string | undefined };
  afterRunHint: string | undefined;
  logLevel: string;
}

export function readWiring(env: NodeJS.ProcessEnv): Wiring {
  const values = readEnv(shape, env);
  return {
    host: values.ENCORE_HOST,
    port: values.ENCORE_PORT,
    chaosUrl: values.ENCORE_CHAOS_URL,
    tokenFile: values.ENCORE_TOKEN_FILE || undefined,
    loadgenUrl: values.ENCORE_LOADGEN_URL,
    serverHealthUrl: values.ENCORE_SERVER_HEALTH_URL,
    prometheusUrl: values.ENCORE_PROMETHEUS_URL,
    runsDir: values.ENCORE_RUNS_DIR,
    resultsDir: values.ENCORE_RESULTS_DIR,
    command: values.ENCORE_COMMAND,
    logsDir: values.ENCORE_LOGS_DIR,
    unsupported: values.ENCORE_UNSUPPORTED,
    whereToLook: values.ENCORE_WHERE_TO_LOOK,
    links: { page: values.ENCORE_PAGE_URL, alerts: values.ENCORE_ALERTS_URL, grafana: values.ENCORE_GRAFANA_URL },
    afterRunHint: values.ENCORE_AFTER_RUN_HINT,
    logLevel: values.ENCORE_LOG_LEVEL,
  };
}
