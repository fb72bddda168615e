/** The operations of a user, in order, as a pure function of config and seed. */
import type { LoadConfig, OperationKind } from '@encore/contracts';
import type { Random } from '@encore/kit';
import { ByteBudget } from './byte-budget.ts';
import type { ScoreRecipe } from './score-generator.ts';

export interface PlannedOperation {
  /** Number within the user's plan, from 1. */
  number: number;
  kind: OperationKind;
  /** Time between the intended starts of the previous operation and this one. */
  paceMs: number;
  /** The score to upload for create, modify and heavy; otherwise null. */
  upload: ScoreRecipe | null;
  /** Selects one of the user's live scores, in [0, 1). */
  choice: number;
  /** Use tools instead of the streamed routes for small scores; true for one in three. */
  throughTools: boolean;
}

/** Average excess of a score over its target size, because it ends with a whole phrase. */
const phraseBytes = 2_500;
const uploading: ReadonlySet<OperationKind> = new Set(['create', 'modify', 'heavy']);

export class UserPlan {
  readonly #random: Random;
  readonly #load: LoadConfig;
  readonly #budget: ByteBudget;
  readonly #seedName: string;
  readonly #kinds: { item: OperationKind; weight: number }[];
  #number = 0;

  constructor(load: LoadConfig, users: number, user: number, random: Random, seedName: string) {
    this.#random = random.fork('plan');
    this.#load = load;
    this.#budget = new ByteBudget(load, users, user, random.fork('sizes'));
    this.#seedName = seedName;
    this.#kinds = Object.entries(load.mix).map(([item, weight]) => ({ item: item as OperationKind, weight }));
  }

  /** Draws do not depend on results, so skipped operations do not change later ones. */
  next(): PlannedOperation {
    this.#number += 1;
    const number = this.#number;
    this.#budget.earn();
    // The first operation creates a score for the others to use.
    const drawn = this.#random.weighted(this.#kinds);
    const kind = number === 1 ? 'create' : drawn;
    const { min, max } = this.#load.thinkSeconds;
    const paceMs = this.#random.between(min, max) * 1_000;
    const choice = this.#random.next();
    const throughTools = this.#random.next() < 1 / 3;
    const upload = uploading.has(kind) ? this.#upload(kind, number) : null;
    return { number, kind, paceMs, upload, choice, throughTools };
  }

  #upload(kind: OperationKind, number: number): ScoreRecipe {
    const targetBytes = Math.round(kind === 'heavy' ? this.#budget.heavySize() : this.#budget.lightSize());
    this.#budget.spend(targetBytes + phraseBytes);
    return { seed: `${this.#seedName}-${number}`, targetBytes };
  }
}
