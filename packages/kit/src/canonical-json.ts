/** JSON with sorted keys, so that equal values have equal text and equal hashes. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** CRC-32 of a text, as 8 hex digits. */
export function crcHex(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
