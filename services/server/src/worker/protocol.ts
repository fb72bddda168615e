/** The messages between the server and a worker process, one job at a time. Bytes flow with a window, so that neither side fills up. */
import type { Score, ScoreLimits } from '../music/index.ts';
import type { ScoreTask, TaskResult } from '../scores/score-task.ts';

export type ToWorker =
  /** Followed by `bytes` messages and `end`, unless a score is given. */
  | { type: 'job'; task: ScoreTask; score: Score | null; limits: ScoreLimits; returnScoreUpToNotes: number }
  | { type: 'bytes'; bytes: Uint8Array }
  | { type: 'end' };

export type FromWorker =
  | { type: 'ready' }
  /** One piece was taken: another may be sent. */
  | { type: 'taken' }
  | { type: 'done'; result: TaskResult; score: Score | null }
  | { type: 'failed'; code: string; message: string; status: number; definite: boolean };

/** Pieces on their way to a worker. */
export const windowPieces = 4;
