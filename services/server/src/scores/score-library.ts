/** Scores as music: bytes from the store, parsed on demand, kept in the cache under the content they were parsed from. */
import { createHash } from 'node:crypto';
import type { StoredScore } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { chunkBytes, type ScoreHead, type ScoreStore } from '../database/score-store.ts';
import { detectFormat, type Score } from '../music/index.ts';
import type { ScoreCache } from './score-cache.ts';

export type ParseScore = (bytes: AsyncIterable<Uint8Array>, sha256: string, signal: AbortSignal) => Promise<Score>;

export interface LoadedScore {
  head: ScoreHead;
  score: Score;
}

export class ScoreLibrary {
  readonly store: ScoreStore;
  readonly #cache: ScoreCache;
  readonly #parse: ParseScore;

  constructor(store: ScoreStore, cache: ScoreCache, parse: ParseScore) {
    this.store = store;
    this.#cache = cache;
    this.#parse = parse;
  }

  /** The current version. The database is asked each time, so a deleted or replaced score is never answered from memory. */
  async load(id: string, signal: AbortSignal): Promise<LoadedScore> {
    const head = await this.store.head(id, signal);
    const cached = this.#cache.get(head.contentId);
    if (cached) return { head, score: cached };
    const score = await this.#parse(this.store.read(head, signal), head.sha256, signal);
    this.#cache.set(head.contentId, score);
    return { head, score };
  }

  /** Parses first: what is not a score is refused before anything is stored. */
  async import(
    id: string,
    bytes: Buffer,
    idempotencyKey: string | null,
    signal: AbortSignal,
  ): Promise<{ stored: StoredScore; score: Score }> {
    const format = detectFormat(bytes);
    if (format === null) {
      throw new EncoreError('UNSUPPORTED_FORMAT', 'content must be MusicXML, compressed MusicXML or a MIDI file', {
        status: 415,
        definite: true,
      });
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const score = await this.#parse(inChunks(bytes), sha256, signal);
    const upload = { id, expectedVersion: null, idempotencyKey, bytes: bytes.length, sha256, format };
    const stored = await this.store.write({ ...upload, chunks: inChunks(bytes) }, signal);
    return { stored, score };
  }

  clear(): void {
    this.#cache.clear();
  }
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
