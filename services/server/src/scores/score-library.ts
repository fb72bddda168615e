/**
 * Scores as music. Bytes come from the store; untrusted ones are parsed in a worker process; small parsed scores are kept
 * under the content they were parsed from. A small score answers here, a large one in a worker, so that no task holds up the others.
 */
import { createHash } from 'node:crypto';
import type { StoredScore } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { chunkBytes, type ScoreHead, type ScoreStore, type Upload } from '../database/score-store.ts';
import { detectFormat, type ScoreLimits } from '../music/index.ts';
import type { Cost } from '../resilience/admission.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { ScoreCache } from './score-cache.ts';
import { notesAtOnce, type ResultOf, type ScoreTask } from './score-task.ts';

/** Larger scores stay in their worker and are parsed again when they are asked for. */
const cachedNotes = 100_000;
/** From this size on parsing takes long enough to be heavy work. */
const heavyBytes = 1024 * 1024;

export interface ScoreLibraryOptions {
  store: ScoreStore;
  cache: ScoreCache;
  workers: WorkerPool;
  limits: ScoreLimits;
  /** Throws while heavy work is refused. */
  assertHeavyAllowed: () => void;
}

export class ScoreLibrary {
  readonly #options: ScoreLibraryOptions;

  constructor(options: ScoreLibraryOptions) {
    this.#options = options;
  }

  get store(): ScoreStore {
    return this.#options.store;
  }

  /** Of the current version. The database is asked each time, so a deleted or replaced score is never answered from memory. */
  async ask<Task extends ScoreTask>(
    id: string,
    task: Task,
    signal: AbortSignal,
  ): Promise<{ head: ScoreHead; result: ResultOf<Task> }> {
    const { store, cache, workers, limits } = this.#options;
    const head = await store.head(id, signal);
    const cached = cache.get(head.contentId);
    if (cached && cached.notes.count <= notesAtOnce(task)) {
      const { runTask } = await loadWork();
      return { head, result: await runTask(cached, task) };
    }
    const cost = costOf(head.bytes);
    if (!cached && cost === 'heavy') this.#options.assertHeavyAllowed();
    const source = cached ? { score: cached } : { bytes: store.read(head, signal) };
    const job = { task, source, limits, returnScoreUpToNotes: cachedNotes };
    const { result, score } = await workers.run(job, head.sha256, signal, cost);
    if (score) cache.set(head.contentId, score);
    return { head, result };
  }

  /** Parses first: what is not a score is refused before anything is stored. */
  async import(
    id: string,
    bytes: Buffer,
    idempotencyKey: string | null,
    signal: AbortSignal,
  ): Promise<{ stored: StoredScore; summary: ResultOf<{ kind: 'summary' }> }> {
    const { store, workers, limits } = this.#options;
    const format = detectFormat(bytes);
    if (format === null) {
      throw new EncoreError('UNSUPPORTED_FORMAT', 'content must be MusicXML, compressed MusicXML or a MIDI file', {
        status: 415,
        definite: true,
      });
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const task = { kind: 'summary' } as const;
    const job = { task, source: { bytes: inChunks(bytes) }, limits, returnScoreUpToNotes: 0 };
    const { result: summary } = await workers.run(job, sha256, signal, costOf(bytes.length));
    const upload = { id, expectedVersion: null, idempotencyKey, bytes: bytes.length, sha256, format };
    const stored = await store.write({ ...upload, chunks: inChunks(bytes) }, signal);
    return { stored, summary };
  }

  /** Stores MusicXML that was made here: a new score, or the next version of an old one. */
  save(
    target: Pick<Upload, 'id' | 'expectedVersion' | 'idempotencyKey' | 'request'>,
    bytes: Buffer,
    signal: AbortSignal,
  ): Promise<StoredScore> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const upload = { ...target, bytes: bytes.length, sha256, format: 'musicxml' } as const;
    return this.#options.store.write({ ...upload, chunks: inChunks(bytes) }, signal);
  }
}

function costOf(bytes: number): Cost {
  return bytes > heavyBytes ? 'heavy' : 'light';
}

/** Loaded when the server has begun to answer: whoever only wants a stored score back should not wait for it. */
export const loadWork = (): Promise<typeof import('./run-task.ts')> => import('./run-task.ts');

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
