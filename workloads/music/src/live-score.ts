/** A score that a user owns, in its last acknowledged state. */
import type { KnownScore } from './score-generator.ts';

export interface LiveScore {
  id: string;
  /** 0 until the creation is acknowledged. */
  version: number;
  known: KnownScore;
  /** The previous version, to distinguish a stale response from a corrupt one. */
  previous: KnownScore | null;
  /** A write ended without a response. The score is only deleted from then on. */
  uncertain: boolean;
  /** A deletion ended without a response: the score may be missing. */
  deletionTried: boolean;
}

export function newScore(id: string, known: KnownScore): LiveScore {
  return { id, version: 0, known, previous: null, uncertain: false, deletionTried: false };
}
