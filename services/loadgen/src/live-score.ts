/** A score that a user owns on the server, as last acknowledged. */
import type { KnownScore } from './score-generator.ts';

export interface LiveScore {
  id: string;
  /** How many writes with a key of their own were sent for it. */
  writes: number;
  /** The key of the write that was acknowledged last. */
  acknowledgedKey: string | null;
  /** 0 before it was created. */
  version: number;
  known: KnownScore;
  /** Of the version before, to tell an old answer from a wrong one. */
  previous: KnownScore | null;
  /** A write to it ended without an answer: nothing more is asked of it, except to be deleted. The read-back resolves it. */
  uncertain: boolean;
  /** A deletion of it ended without an answer: it may be absent. */
  deletionTried: boolean;
  /** A write to it is intended or under way. */
  writing: boolean;
  /** A sample found something wrong with it, which was written down: it is not looked at again before the end. */
  foundWrong: boolean;
}

export function newScore(id: string, known: KnownScore): LiveScore {
  return {
    id,
    writes: 0,
    acknowledgedKey: null,
    version: 0,
    known,
    previous: null,
    uncertain: false,
    deletionTried: false,
    writing: false,
    foundWrong: false,
  };
}
