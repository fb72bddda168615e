/**
 * Runs tasks on stored scores. Bytes from the store are untrusted and are parsed in a worker
 * process; small parsed scores are cached by content. Tasks on small cached scores run in the
 * server, others in a worker, so that no task blocks the event loop.
 */
import type { StoredScore } from '@encore/contracts';
import { EncoreError, sha256Hex } from '@encore/kit';
import { detectFormat, type ScoreLimits } from '@encore/music';
import { chunkBytes, type ScoreHead, type ScoreStore, type Upload } from '../database/score-store.ts';
import { costOfScore } from '../resilience/admission.ts';
import { maxInlineNotes, type ResultOf, type ScoreTask } from '../worker/score-task.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { ScoreCache } from './score-cache.ts';

/** Larger scores are not cached and are parsed again for each task. */
const cachedNotes = 100_000;

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

  /**
   * Runs a task on the current version. It always reads the head from the database, so a deleted or
   * replaced score is never served from the cache.
   */
  async run<Task extends ScoreTask>(
    id: string,
    task: Task,
    signal: AbortSignal,
  ): Promise<{ head: ScoreHead; result: ResultOf<Task> }> {
    const { store, cache, workers, limits } = this.#options;
    const head = await store.head(id, signal);
    const cached = cache.get(head.contentId);
    if (cached && cached.notes.count <= maxInlineNotes(task)) {
      const { runTask } = await loadRunTask();
      return { head, result: await runTask(cached, task) };
    }
    const cost = costOfScore(head.bytes);
    if (!cached && cost === 'heavy') this.#options.assertHeavyAllowed();
    const source = cached ? { score: cached } : { bytes: store.read(head, signal) };
    const job = { task, source, limits, returnScoreUpToNotes: cachedNotes };
    const { result, score } = await workers.run(job, head.sha256, signal, cost);
    if (score) cache.set(head.contentId, score);
    return { head, result };
  }

  /** Parses before storing, so that nothing but a valid score is stored. */
  async import(
    id: string,
    bytes: Buffer,
    idempotencyKey: string | null,
    signal: AbortSignal,
  ): Promise<{ stored: StoredScore; summary: ResultOf<{ kind: 'summary' }> }> {
    const { store, workers, limits } = this.#options;
    const format = detectFormat(bytes);
    if (format === null) {
      throw new EncoreError('UNSUPPORTED_FORMAT', 'content must be MusicXML, compressed MusicXML or a MIDI file');
    }
    const sha256 = sha256Hex(bytes);
    const task = { kind: 'summary' } as const;
    const job = { task, source: { bytes: inChunks(bytes) }, limits, returnScoreUpToNotes: 0 };
    const { result: summary } = await workers.run(job, sha256, signal, costOfScore(bytes.length));
    const upload = { id, expectedVersion: null, idempotencyKey, bytes: bytes.length, sha256, format };
    const stored = await store.write({ ...upload, chunks: inChunks(bytes) }, signal);
    return { stored, summary };
  }

  /** Stores MusicXML that the server generated, as a new score or a new version. */
  save(
    target: Pick<Upload, 'id' | 'expectedVersion' | 'idempotencyKey' | 'request'>,
    bytes: Buffer,
    signal: AbortSignal,
  ): Promise<StoredScore> {
    const sha256 = sha256Hex(bytes);
    const upload = { ...target, bytes: bytes.length, sha256, format: 'musicxml' } as const;
    return this.#options.store.write({ ...upload, chunks: inChunks(bytes) }, signal);
  }
}

/**
 * Loads the tasks lazily, so that requests for stored scores do not wait for them after a start.
 */
export const loadRunTask = (): Promise<typeof import('../worker/run-task.ts')> => import('../worker/run-task.ts');

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
