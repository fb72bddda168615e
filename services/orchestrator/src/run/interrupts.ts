import type { Interrupt } from './phase.ts';

type State =
  /** Between two phases. */
  | { kind: 'idle' }
  /** Raised between two phases; the next phase receives it. */
  | { kind: 'pending'; event: Interrupt }
  | { kind: 'phase running'; deliver: (event: Interrupt) => void };

/** Delivers each interrupt to one phase: to the running one, or else to the next. */
export class Interrupts {
  #state: State = { kind: 'idle' };

  /** Of several interrupts before the next phase, the first one counts. */
  raise(event: Interrupt): void {
    const state = this.#state;
    if (state.kind === 'pending') return;
    this.#state = state.kind === 'idle' ? { kind: 'pending', event } : { kind: 'idle' };
    if (state.kind === 'phase running') state.deliver(event);
  }

  /** Begins a phase. Resolves with its interrupt; never without one. */
  beginPhase(): Promise<Interrupt> {
    const state = this.#state;
    const { promise, resolve } = Promise.withResolvers<Interrupt>();
    if (state.kind === 'pending') resolve(state.event);
    this.#state = state.kind === 'pending' ? { kind: 'idle' } : { kind: 'phase running', deliver: resolve };
    return promise;
  }

  endPhase(): void {
    if (this.#state.kind === 'phase running') this.#state = { kind: 'idle' };
  }
}
