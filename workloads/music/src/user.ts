/** What one user remembers, and what is planned for each of its operations. */
import type { Planning, User, UserInfo } from '@encore/workload';
import { ByteBudget } from './byte-budget.ts';
import type { LiveScore } from './live-score.ts';
import type { ScoreRecipe } from './score-generator.ts';

export type MusicParameters = {
  /** Mean bytes per second of uploaded scores over all users; sets the weights of the sizes. */
  byteBudgetPerSecond: number;
  /** Scores that a user keeps; the oldest is deleted. */
  liveScoresPerUser: number;
};

export interface Musician {
  /** Oldest first, including uncertain ones. */
  scores: LiveScore[];
  budget: ByteBudget;
}

export interface Planned {
  /** The score to upload for create, modify and heavy; otherwise null. */
  upload: ScoreRecipe | null;
  /** Selects one of the user's live scores, in [0, 1). */
  choice: number;
  /** Use tools instead of the streamed routes for small scores; true for one in three. */
  throughTools: boolean;
}

export type MusicUser = User<Musician, Planned, MusicParameters>;

/** Average excess of a score over its target size, because it ends with a whole phrase. */
const phraseBytes = 2_500;
const uploading: ReadonlySet<string> = new Set(['create', 'modify', 'heavy']);

export function newMusician(user: UserInfo<MusicParameters>): Musician {
  const settings = { ...user, byteBudgetPerSecond: user.parameters.byteBudgetPerSecond };
  return { scores: [], budget: new ByteBudget(settings, user.number, user.random.fork('sizes')) };
}

/** Draws do not depend on results, so skipped operations do not change later ones. */
export function planOperation(planning: Planning<Musician, MusicParameters>): Planned {
  const { operation, operationNumber, state, random, id } = planning;
  const { budget } = state;
  budget.earn();
  const choice = random.next();
  const throughTools = random.next() < 1 / 3;
  if (!uploading.has(operation)) return { upload: null, choice, throughTools };
  const targetBytes = Math.round(operation === 'heavy' ? budget.heavySize() : budget.lightSize());
  budget.spend(targetBytes + phraseBytes);
  return { upload: { seed: `${id}-${operationNumber}`, targetBytes }, choice, throughTools };
}

/** One of the scores whose stored state is certain; skips the operation if there is none. */
export function chosenScore(user: MusicUser): LiveScore {
  const certain = user.state.scores.filter(({ uncertain, version }) => !uncertain && version > 0);
  return certain[Math.floor(user.plan.choice * certain.length)] ?? user.skip('no score to work on');
}
