/**
 * References to addresses in the command and the environment of a process. `${proxy.db:5432}` is
 * the address on which the proxy before that port listens, as host:port. `${port.api:3000}` is a
 * free port on which the process itself listens in place of the named one. Everything else, such as
 * the variables of a shell, stays as it is.
 */
import { isObject, type SettingsObject } from '@encore/kit/settings-file';

export interface Reference {
  /** Path below the process, such as `env.DATABASE_URL` or `command[2]`. */
  at: string;
  /** As written. */
  text: string;
  kind: 'proxy' | 'port';
  /** Name of the proxy. */
  proxy: string;
}

const pattern = /\$\{(proxy|port)\.([^}]*)\}/g;

/** Accepts any value, even one that violates the schema. */
export function findReferences({ command, env }: SettingsObject): Reference[] {
  const texts = [
    ...(Array.isArray(command) ? command : []).map((text: unknown, index) => [`command[${index}]`, text] as const),
    ...Object.entries(isObject(env) ? env : {}).map(([name, text]) => [`env.${name}`, text] as const),
  ];
  return texts.flatMap(([at, value]) =>
    typeof value !== 'string'
      ? []
      : Array.from(value.matchAll(pattern), ([text, kind, proxy = '']) => ({
          at,
          text,
          kind: kind === 'port' ? ('port' as const) : ('proxy' as const),
          proxy,
        })),
  );
}

/** Replaces the references in a text whose references are valid. */
export function resolveReferences(
  text: string,
  textOf: (reference: Pick<Reference, 'kind' | 'proxy'>) => string,
): string {
  return text.replaceAll(pattern, (_text, kind: 'proxy' | 'port', proxy: string) => textOf({ kind, proxy }));
}
