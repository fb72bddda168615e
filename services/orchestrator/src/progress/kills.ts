/** The kills of a run as they are seen while it goes on: which bit, and after how long users were answered again. */
import type { Bit, EventOf, PlannedFault } from '@encore/contracts';

export interface Kill {
  id: string;
  kind: PlannedFault['kind'];
  at: number;
  /** Null until somebody has looked. */
  bit: Bit | null;
  recoveredAt: number | null;
}

const kept = 200;

export class Kills {
  readonly #list: Kill[] = [];

  get last(): Kill[] {
    return this.#list.slice(-10);
  }

  inject({ faultId: id, kind, at, engineAt }: EventOf<'fault_injected'>): void {
    if (kind !== 'crash' && kind !== 'outage') return;
    this.#list.push({ id, kind, at: engineAt ?? at, bit: null, recoveredAt: null });
    if (this.#list.length > kept) this.#list.shift();
  }

  look({ faultId, bit }: EventOf<'fault_bit'>): void {
    const kill = this.#list.findLast(({ id }) => id === faultId);
    if (kill !== undefined) kill.bit = bit;
  }

  /** Returns the ids of the kills that this answer ends. */
  answer({ startedAt, at }: EventOf<'answered_again'>): string[] {
    const over = this.#list.filter((kill) => kill.recoveredAt === null && startedAt > kill.at);
    for (const kill of over) kill.recoveredAt = at;
    return over.map(({ id }) => id);
  }
}

export function killText(kill: Kill, limitSeconds: number): string {
  const { at, bit, recoveredAt } = kill;
  if (bit !== null && bit !== 'yes') return 'did not bite';
  const late = isLate(kill, limitSeconds) ? `, too late (limit ${limitSeconds} s)` : '';
  return recoveredAt === null ? 'not back yet' : `back after ${((recoveredAt - at) / 1_000).toFixed(1)} s${late}`;
}

export function isLate({ at, recoveredAt }: Kill, limitSeconds: number): boolean {
  return recoveredAt !== null && recoveredAt - at >= limitSeconds * 1_000;
}
