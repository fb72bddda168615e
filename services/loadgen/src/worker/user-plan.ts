/** The operations of a user, in order, as a pure function of the load's settings and the seed. */
import type { Random } from '@encore/kit/random';
import type { UserInfo, Workload } from '@encore/workload';

// biome-ignore lint/suspicious/noExplicitAny: no other type accepts each workload's own.
export type AnyWorkload = Workload<any, any, any>;

export interface PlannedOperation {
  /** Number within the user's plan, from 1. */
  number: number;
  operation: string;
  /** Time between the intended starts of the previous operation and this one. */
  paceMs: number;
  /** What the workload's `plan` returned. */
  plan: unknown;
}

export class UserPlan {
  /** What the workload's `user` returned. */
  readonly state: unknown;
  readonly #workload: AnyWorkload;
  readonly #user: UserInfo;
  readonly #random: Random;
  readonly #operations: { item: string; weight: number }[];
  #number = 0;

  constructor(workload: AnyWorkload, user: UserInfo) {
    this.#workload = workload;
    this.#user = user;
    this.#random = user.random.fork('plan');
    this.#operations = Object.keys(workload.operations).map((item) => ({ item, weight: user.mix[item] ?? 0 }));
    this.state = workload.user?.(user);
  }

  /** Draws do not depend on results, so skipped operations do not change later ones. */
  next(): PlannedOperation {
    this.#number += 1;
    const number = this.#number;
    const drawn = this.#random.weighted(this.#operations);
    const operation = number === 1 ? (this.#workload.first ?? drawn) : drawn;
    const { min, max } = this.#user.thinkSeconds;
    const paceMs = this.#random.between(min, max) * 1_000;
    const planning = { operation, operationNumber: number, state: this.state, random: this.#random };
    return { number, operation, paceMs, plan: this.#workload.plan?.({ ...this.#user, ...planning }) };
  }
}
