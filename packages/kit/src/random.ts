/**
 * Seeded random numbers in independent streams: `random.fork('users/7')` depends only on the seed
 * and the name, not on earlier draws.
 */
import { createHash } from 'node:crypto';

export class Random {
  readonly #path: string;
  readonly #state: Uint32Array;

  constructor(seed: number | string) {
    this.#path = String(seed);
    const digest = createHash('sha256').update(this.#path).digest();
    this.#state = new Uint32Array([0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)));
  }

  fork(name: string): Random {
    return new Random(`${this.#path}/${name}`);
  }

  /** Uniform in [0, 1) with 32 bits: xoshiro128** by Blackman and Vigna (public domain). */
  next(): number {
    const s = this.#state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s;
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    s[0] = s0 ^ x3;
    s[1] = s1 ^ x2;
    s[2] = x2 ^ (s1 << 9);
    s[3] = (x3 << 11) | (x3 >>> 21);
    return result / 2 ** 32;
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * this.next();
  }

  /** Uniform integer in [min, max], inclusive. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError('cannot pick from an empty list');
    return item;
  }

  /** Picks an item with probability proportional to its weight (non-negative, not all zero). */
  weighted<T>(items: readonly { item: T; weight: number }[]): T {
    const total = items.reduce((sum, { weight }) => sum + weight, 0);
    let remaining = this.next() * total;
    for (const { item, weight } of items) {
      remaining -= weight;
      if (remaining < 0) return item;
    }
    throw new RangeError('cannot pick by weight: at least one weight must be positive');
  }
}
