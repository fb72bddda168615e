/** Tracks the kills of a run: their effect, and the time until users were answered again. */
import { type Effect, type EventOf, isKill, type PlannedFault } from '@encore/contracts';

export interface Kill {
  id: string;
  kind: PlannedFault['kind'];
  at: number;
  /** Null until the effect check. */
  effect: Effect | null;
  recoveredAt: number | null;
}

const maxKills = 200;

export class Kills {
  readonly #list: Kill[] = [];

  get last(): Kill[] {
    return this.#list.slice(-10);
  }

  addInjection(event: EventOf<'fault_injected'>): void {
    if (!isKill(event)) return;
    const { faultId: id, kind, at, engineAt } = event;
    this.#list.push({ id, kind, at: engineAt ?? at, effect: null, recoveredAt: null });
    if (this.#list.length > maxKills) this.#list.shift();
  }

  addEffectCheck({ faultId, effect }: EventOf<'fault_effect_checked'>): void {
    const kill = this.#list.findLast(({ id }) => id === faultId);
    if (kill !== undefined) kill.effect = effect;
  }

  /** Returns the ids of the kills that end with this response. */
  addAnswer({ startedAt, at }: EventOf<'answered_again'>): string[] {
    const recovered = this.#list.filter((kill) => kill.recoveredAt === null && startedAt > kill.at);
    for (const kill of recovered) kill.recoveredAt = at;
    return recovered.map(({ id }) => id);
  }
}

export function killText(kill: Kill, limitSeconds: number): string {
  const { at, effect, recoveredAt } = kill;
  if (effect !== null && effect !== 'confirmed') return 'no effect';
  const late = isLate(kill, limitSeconds) ? `, too late (limit ${limitSeconds} s)` : '';
  return recoveredAt === null
    ? 'not recovered yet'
    : `recovered in ${((recoveredAt - at) / 1_000).toFixed(1)} s${late}`;
}

export function isLate({ at, recoveredAt }: Kill, limitSeconds: number): boolean {
  return recoveredAt !== null && recoveredAt - at >= limitSeconds * 1_000;
}
