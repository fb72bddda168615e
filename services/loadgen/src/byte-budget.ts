/**
 * Which size the next score has, so that all users together upload the configured bytes per second on average. Each operation
 * of a user earns the mean; a create or modify spends little of it, the heavy ones spend the rest: large ones what has
 * gathered, and now and then an extreme one of up to 50 MB, saved up for. A pure function of config and seed.
 */
import type { LoadConfig } from '@encore/contracts';
import type { Random } from '@encore/kit';

const kilo = 1_000;
const small = { min: 4 * kilo, max: 8 * kilo };
const medium = { min: 40 * kilo, max: 80 * kilo };
const large = { min: 100 * kilo, max: 4_000 * kilo };
const extreme = { min: 5_000 * kilo, max: 50_000 * kilo };
/** Multiples of it, modulo 1, are spread as evenly as can be, however many there are. */
const goldenRatio = 0.618_033_988_75;
const smallMean = 9 * kilo;
const mediumMean = 60 * kilo;
/** Of what the heavy operations spend. */
const extremeShare = 0.4;
/** Of the whole, at most, for creates and modifies. */
const lightShare = 0.4;

export class ByteBudget {
  readonly #random: Random;
  readonly #perOperation: number;
  readonly #mediumChance: number;
  #balance: number;
  #saved: number;
  #nextExtreme: number;

  constructor(load: LoadConfig, users: number, user: number, random: Random) {
    this.#random = random;
    const meanThinkSeconds = (load.thinkSeconds.min + load.thinkSeconds.max) / 2;
    this.#perOperation = (load.byteBudgetPerSecond * meanThinkSeconds) / users;
    const { create, analyze, modify, export: exported, heavy } = load.mix;
    const total = create + analyze + modify + exported + heavy;
    const light = (create + modify) / total;
    // With no heavy operations in the mix, the light ones must spend it all.
    const budgetOfLight = this.#perOperation * (heavy > 0 ? lightShare : 1);
    const wanted = light === 0 ? 0 : (budgetOfLight / light - smallMean) / (mediumMean - smallMean);
    this.#mediumChance = Math.min(0.5, Math.max(0, wanted));
    // Users begin at evenly spread places of their saving, so that extreme ones are spread over the run.
    const phase = (user * goldenRatio) % 1;
    this.#nextExtreme = this.#drawExtreme();
    this.#saved = phase * this.#nextExtreme;
    // As if the last heavy operation had been some while ago already: the first minutes upload as much as later ones.
    const forHeavy = this.#perOperation - light * (smallMean + this.#mediumChance * (mediumMean - smallMean));
    const operationsAgo = heavy === 0 ? 0 : -Math.log(1 - random.next()) * (total / heavy);
    this.#balance = Math.max(0, forHeavy) * operationsAgo;
  }

  /** To be called once per operation, whatever it is. */
  earn(): void {
    this.#balance += this.#perOperation;
  }

  /** Draws the same number of random values whatever comes out, so that plans do not depend on outcomes. */
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
      // What the score takes is taken from the balance; this one was saved for.
      this.#balance += size;
      this.#nextExtreme = this.#drawExtreme();
      return size;
    }
    // A budget too small for large scores makes the heavy ones medium.
    return Math.min(large.max, Math.max(this.#balance, this.#balance < -large.min ? medium.min : large.min));
  }

  /** What the upload takes, whether or not it comes to it. */
  spend(bytes: number): void {
    this.#balance -= bytes;
  }

  /** Log-uniform: as many between 5 and 10 MB as between 25 and 50. */
  #drawExtreme(): number {
    return extreme.min * (extreme.max / extreme.min) ** this.#random.next();
  }
}
