/**
 * Parses the environment. Empty variables count as unset, because Compose passes those as empty.
 * A variable such as ENCORE_HEALTH_PORT is the member `healthPort` of the result.
 */
import { z } from 'zod';
import { EncoreError } from './encore-error.ts';
import { problemsOf } from './parse.ts';

type Camel<Name> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name;
type Member<Name> = Name extends `ENCORE_${infer Rest}` ? Camel<Lowercase<Rest>> : never;
type Variables<Shape extends z.ZodRawShape> = { [Name in keyof Shape as Member<Name>]: z.infer<Shape[Name]> };

export function readEnv<Shape extends Record<`ENCORE_${string}`, z.ZodType>>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): Variables<Shape> {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in shape && value !== ''));
  const result = z.object(shape).safeParse(given);
  if (result.success)
    return Object.fromEntries(
      Object.entries(result.data).map(([name, value]) => [memberOf(name), value]),
    ) as Variables<Shape>;
  throw new EncoreError('INVALID_ENVIRONMENT', `environment: ${problemsOf(result.error).join('; ')}`);
}

function memberOf(name: string): string {
  const words = name.replace('ENCORE_', '').toLowerCase();
  return words.replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
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
