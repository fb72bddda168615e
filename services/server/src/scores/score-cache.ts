/** An LRU cache of parsed scores. An evicted score is parsed again from the database. */
import type { Score } from '@encore/music';

export class ScoreCache {
  readonly #maxScores: number;
  readonly #maxBytes: number;
  // A Map keeps the insertion order, so the first key is the least recently used.
  readonly #entries = new Map<string, { score: Score; bytes: number }>();
  #bytes = 0;

  constructor(maxScores: number, maxBytes: number) {
    this.#maxScores = maxScores;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Score | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.score;
  }

  set(key: string, score: Score): void {
    this.#remove(key);
    const bytes = estimateBytes(score);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { score, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxScores && this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  /** Evicts the least recently used scores until at most `maxBytes` are left. */
  shrink(maxBytes: number): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= maxBytes) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}

/** A note takes 34 bytes of columns; a measure, part or change is an object of about 120 bytes. */
function estimateBytes(score: Score): number {
  const changes = score.parts.reduce(
    (sum, part) => sum + 4 + part.keys.length + part.times.length + part.clefs.length + part.transposes.length,
    0,
  );
  return 1_000 + score.notes.count * 34 + (score.measures.length + score.tempos.length + changes) * 120;
}
