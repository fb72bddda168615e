/**
 * The life of a simulated injector. A SIGKILL looks like this from outside: up to some step
 * everything happened, after it nothing does, and no promise ever settles. Each call has a step
 * before and one after it.
 */
export class Life {
  steps = 0;
  #diesAt: number;
  readonly #counts: boolean;
  readonly #pace: () => Promise<void> | undefined;

  /**
   * Without `diesAt`, the life only counts its steps; with `counts` false it does not count either.
   * `pace` may delay each step.
   */
  constructor(
    diesAt = Number.POSITIVE_INFINITY,
    { counts = true, pace = (): Promise<void> | undefined => undefined } = {},
  ) {
    this.#diesAt = diesAt;
    this.#counts = counts;
    this.#pace = pace;
  }

  static endless(): Life {
    return new Life(Number.POSITIVE_INFINITY, { counts: false });
  }

  get over(): boolean {
    return this.steps >= this.#diesAt;
  }

  /** Ends it immediately, in the middle of any call. */
  end(): void {
    this.#diesAt = this.steps;
  }

  mortal<T extends object>(subject: T, free: readonly string[] = []): T {
    if (this.#diesAt === Number.POSITIVE_INFINITY && !this.#counts) return subject;
    return new Proxy(subject, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (free.includes(String(name))) return member.bind(target);
        return async (...args: unknown[]) => {
          await this.#step();
          const result: unknown = await member.apply(target, args);
          await this.#step();
          return result;
        };
      },
    });
  }

  async #step(): Promise<void> {
    await this.#pace();
    if (!this.over) this.steps += 1;
    if (this.over) await new Promise(() => {});
  }
}
