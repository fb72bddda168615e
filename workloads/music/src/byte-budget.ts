/**
 * Chooses score sizes so that all users together upload the configured bytes per second on average.
 * Each operation of a user earns the mean. A create or modify spends a small share; heavy
 * operations spend the rest: usually the balance, and occasionally savings for an extreme score of
 * up to 50 MB. Sizes depend only on config and seed.
 */
import type { Random } from '@encore/kit/random';

const kilo = 1_000;
const small = { min: 4 * kilo, max: 8 * kilo };
const medium = { min: 40 * kilo, max: 80 * kilo };
const large = { min: 100 * kilo, max: 4_000 * kilo };
const extreme = { min: 5_000 * kilo, max: 50_000 * kilo };
/** Any number of its multiples, modulo 1, are spread evenly. */
const goldenRatio = 0.618_033_988_75;
const smallMean = 9 * kilo;
const mediumMean = 60 * kilo;
/** Share of the heavy operations' budget that is saved for extreme scores. */
const extremeShare = 0.4;
/** Maximum share of the whole budget for creates and modifies. */
const lightShare = 0.4;

export interface BudgetSettings {
  /** Mean bytes per second of all users. */
  byteBudgetPerSecond: number;
  users: number;
  mix: Readonly<Record<string, number>>;
  thinkSeconds: { min: number; max: number };
}

export class ByteBudget {
  readonly #random: Random;
  readonly #perOperation: number;
  readonly #mediumChance: number;
  #balance: number;
  #saved: number;
  #nextExtreme: number;

  constructor({ byteBudgetPerSecond, users, mix, thinkSeconds }: BudgetSettings, user: number, random: Random) {
    this.#random = random;
    const meanThinkSeconds = (thinkSeconds.min + thinkSeconds.max) / 2;
    this.#perOperation = (byteBudgetPerSecond * meanThinkSeconds) / users;
    const { create = 0, modify = 0, heavy = 0 } = mix;
    const total = Object.values(mix).reduce((sum, weight) => sum + weight, 0);
    const light = (create + modify) / total;
    // Without heavy operations, the light ones must spend the whole budget.
    const budgetOfLight = this.#perOperation * (heavy > 0 ? lightShare : 1);
    const mediumShare = light === 0 ? 0 : (budgetOfLight / light - smallMean) / (mediumMean - smallMean);
    this.#mediumChance = Math.min(0.5, Math.max(0, mediumShare));
    // Users start with evenly spread savings, so that extreme scores are spread over the run.
    const phase = (user * goldenRatio) % 1;
    this.#nextExtreme = this.#drawExtreme();
    this.#saved = phase * this.#nextExtreme;
    // Starts as if some time had passed since the last heavy operation, so that the first minutes
    // upload as much as later ones.
    const forHeavy = this.#perOperation - light * (smallMean + this.#mediumChance * (mediumMean - smallMean));
    const operationsAgo = heavy === 0 ? 0 : -Math.log(1 - random.next()) * (total / heavy);
    this.#balance = Math.max(0, forHeavy) * operationsAgo;
  }

  /** Call once per operation of any kind. */
  earn(): void {
    this.#balance += this.#perOperation;
  }

  /** Always draws the same number of random values, so that plans do not depend on results. */
  lightSize(): number {
    const isMedium = this.#random.next() < this.#mediumChance;
    return this.#random.between(isMedium ? medium.min : small.min, isMedium ? medium.max : small.max);
  }

  heavySize(): number {
    const toSave = Math.max(0, this.#balance) * extremeShare;
    this.#saved += toSave;
    this.#balance -= toSave;
    if (this.#saved >= this.#nextExtreme) {
      const size = this.#nextExtreme;
      this.#saved -= size;
      // `spend` will deduct the size from the balance; this score is paid from savings.
      this.#balance += size;
      this.#nextExtreme = this.#drawExtreme();
      return size;
    }
    // If the budget is too small for large scores, heavy operations use medium ones.
    return Math.min(large.max, Math.max(this.#balance, this.#balance < -large.min ? medium.min : large.min));
  }

  /** Deducts an upload, whether or not it takes place. */
  spend(bytes: number): void {
    this.#balance -= bytes;
  }

  /** Log-uniform: as many sizes between 5 and 10 MB as between 25 and 50 MB. */
  #drawExtreme(): number {
    return extreme.min * (extreme.max / extreme.min) ** this.#random.next();
  }
}
