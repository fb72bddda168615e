/** Reads the load generator's configuration from the environment. */
import { pathToFileURL } from 'node:url';
import { portVariable, readEnv } from '@encore/kit';
import { z } from 'zod';

export function readConfig(env: NodeJS.ProcessEnv) {
  const values = readEnv(
    {
      /** Name of this service in Compose. */
      ENCORE_NAME: z.string().default('loadgen'),
      ENCORE_HOST: z.string().default('127.0.0.1'),
      ENCORE_PORT: portVariable.default(8012),
      /** The server's URL for users, through the proxy. */
      ENCORE_TARGET_URL: z.url({ protocol: /^http$/ }),
      /** Contains one folder per run, with its ledger. */
      ENCORE_RUNS_DIR: z.string().min(1),
      ENCORE_WORKLOAD: z.string().min(1).optional(),
    },
    env,
  );
  return {
    ...values,
    targetUrl: new URL(values.targetUrl).origin,
    /** URL of the workload's file. */
    workload:
      values.workload === undefined
        ? import.meta.resolve('@encore/workload-music')
        : pathToFileURL(values.workload).href,
  };
}
