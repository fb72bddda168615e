/**
 * Reuses the chunks of an upload. Without reuse, 5 GB of uploads would create 5 GB of garbage, with
 * 100 MB or more awaiting collection at any time.
 *
 *   filled ──▶ ≤ 2 in the stream before the connection ──▶ ≤ 3 in the connection ──▶ sent
 *
 * A chunk may be refilled only after it was sent. A stream stops reading when its buffer is full,
 * and undici stops at 64 kB per connection, so at most six chunks of 32 kB are in flight. The ring
 * has twice as many; its test uploads to slow readers.
 */
import { chunkBytes } from './score-generator.ts';

const chunks = 12;

export function chunkRing(): () => Buffer {
  const ring: Buffer[] = [];
  let next = 0;
  return () => {
    const chunk = ring[next % chunks] ?? Buffer.allocUnsafeSlow(chunkBytes);
    ring[next % chunks] = chunk;
    next += 1;
    return chunk;
  };
}
