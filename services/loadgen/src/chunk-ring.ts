/**
 * Chunks for one upload, used again and again: 5 GB of uploads at once would else be 5 GB of garbage, of which 100 MB and more wait for
 * the collector at any time.
 *
 *   made ──▶ ≤ 2 in the stream before the connection ──▶ ≤ 3 in the connection ──▶ sent
 *
 * A chunk may be made anew only when it was sent. A stream stops reading when its buffer is full, and undici stops when the connection's
 * is (64 kB), so of 32 kB each at most six are on their way. Twice as many are kept; the test beside it sends through slow readers.
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
