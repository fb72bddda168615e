/**
 * The messages between the server and a worker process, one job at a time. A window limits the
 * bytes in flight.
 */
import type { Score, ScoreLimits } from '@encore/music';
import type { ScoreTask, TaskResult } from './score-task.ts';

export type ToWorker =
  /** `bytes` messages and `end` follow, unless `score` is set. */
  | { type: 'job'; task: ScoreTask; score: Score | null; limits: ScoreLimits; returnScoreUpToNotes: number }
  | { type: 'bytes'; bytes: Uint8Array }
  | { type: 'end' };

export type FromWorker =
  | { type: 'ready' }
  /** The worker consumed one piece, so another may be sent. */
  | { type: 'consumed' }
  | { type: 'done'; result: TaskResult; score: Score | null }
  | { type: 'failed'; code: string; message: string; status: number; definite: boolean };

/** Maximum number of pieces in flight to a worker. */
export const windowPieces = 4;
