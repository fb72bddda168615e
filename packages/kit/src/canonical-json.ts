/** Writes JSON with sorted keys, so that equal values have equal text and equal hashes. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** Copying first is several times faster than a replacer, which JSON.stringify calls per value. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  if ('toJSON' in value && typeof value.toJSON === 'function') return sorted(value.toJSON());
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns the CRC-32 of a text as 8 hex digits. */
export function crcHex(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
