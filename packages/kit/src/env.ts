/**
 * Parses the environment. Empty variables count as unset, because Compose passes those as empty.
 */
import { z } from 'zod';
import { EncoreError } from './encore-error.ts';
import { problemsOf } from './parse.ts';

export function readEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in shape && value !== ''));
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data;
  throw new EncoreError('INVALID_ENVIRONMENT', `environment: ${problemsOf(result.error).join('; ')}`);
}

const portError = 'must be a port, from 0 to 65535';
/** A TCP port; 0 asks the system for a free one. */
export const portVariable = z.coerce
  .number({ error: portError })
  .int(portError)
  .min(0, portError)
  .max(65_535, portError);

/** The base URL of another program; a slash at its end is removed. */
export const urlVariable = z
  .url({ error: 'must be a URL such as http://127.0.0.1:8010' })
  .transform((url) => url.replace(/\/$/, ''));
