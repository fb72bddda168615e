/** The bundled system under other names, to show that nothing depends on the names. */
import assert from 'node:assert/strict';
import { type System, systemSchema } from '@encore/contracts';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';

const names = { server: 'alpha', postgres: 'beta', toxiproxy: 'gamma' };

/** Replaces each name of the bundled lab by the other one. */
export const renamed = (text: string): string =>
  // `postgres` is also the name of a protocol.
  replaced(text, Object.entries(names)).replaceAll('"probe":"beta"', '"probe":"postgres"');

export const renamedSystem: System = systemSchema.parse(
  JSON.parse(renamed(JSON.stringify(readSystemFile(bundledSystemFile)))),
);

/**
 * Asserts that a value under the other names equals the one of the bundled lab apart from them. A
 * text with spaces is a sentence, where "the server" may also be the role.
 */
export function assertSameApartFromNames(other: unknown, bundled: unknown): void {
  assert.deepEqual(
    normalized(other, (word) => word),
    normalized(bundled, renamed),
  );
}

function normalized(value: unknown, rename: (word: string) => string): unknown {
  if (typeof value === 'string') return value.includes(' ') ? renamed(value) : rename(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => normalized(item, rename));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), normalized(item, rename)]));
}

function replaced(text: string, pairs: [from: string, to: string][]): string {
  return pairs.reduce((changed, [from, to]) => changed.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to), text);
}
