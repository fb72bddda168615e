/** Reads the proxy's environment. */
import { portVariable, readEnv } from '@encore/kit';
import { z } from 'zod';

export function readConfig(env: NodeJS.ProcessEnv) {
  return readEnv(
    {
      ENCORE_HOST: z.string().default('127.0.0.1'),
      ENCORE_PORT: portVariable.default(8474),
      /** File with the token that the API requires; unset for none, as in Toxiproxy. */
      ENCORE_TOKEN_FILE: z.string().optional(),
    },
    env,
  );
}
