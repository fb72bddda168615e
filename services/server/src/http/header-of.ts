import type { IncomingMessage } from 'node:http';

/** A header by its name in small letters; one that came several times as one text. */
export function headerOf({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
