/** What a user is going to do: a pure function of config and seed, one operation after the other. */
import type { LoadConfig, OperationKind } from '@encore/contracts';
import type { Random } from '@encore/kit';
import { ByteBudget } from './byte-budget.ts';
import type { ScoreRecipe } from './score-generator.ts';

export interface PlannedOperation {
  /** Number within the user's plan, from 1. */
  number: number;
  kind: OperationKind;
  /** From the intended start of the operation before to that of this one. */
  paceMs: number;
  /** The score to upload, for create, modify and heavy. */
  upload: ScoreRecipe | null;
  /** Which of the user's live scores it is about, in [0, 1). */
  choice: number;
  /** Small documents go through the tools instead of the streamed routes: one in three. */
  throughTools: boolean;
}

/** A score ends with a whole phrase: on average it is this much longer than its target. */
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

  /** Draws no more than numbers, so that a user who skips operations draws what one who performs them does. */
  next(): PlannedOperation {
    this.#number += 1;
    const number = this.#number;
    this.#budget.earn();
    // The first one makes a score, so that the others have one to work on.
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
