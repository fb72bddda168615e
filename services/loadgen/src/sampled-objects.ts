/**
 * The objects whose stored state is certain, as samples during the run need them: acknowledged, and
 * without an open write.
 */
import type { UserEntry } from './worker/messages.ts';

export interface SampledObject {
  id: string;
  acknowledged: { key: string; digest: string; version?: number };
  /** Bytes of the last acknowledged write; 0 if unknown. */
  bytes: number;
  /** Keys of writes that are in progress or ended without a response. */
  open: Set<string>;
  /** A sample found and recorded a problem: skip the object until the final read-back. */
  foundWrong: boolean;
}

/** Bounds the memory of a run whose workload never deletes. */
const maxObjects = 20_000;

export class SampledObjects {
  readonly #objects = new Map<string, SampledObject>();
  /** Objects by the key of an open write. */
  readonly #byKey = new Map<string, SampledObject>();

  get(id: string): SampledObject | undefined {
    return this.#objects.get(id);
  }

  certain(): SampledObject[] {
    return [...this.#objects.values()].filter(({ open }) => open.size === 0);
  }

  add(entry: UserEntry, bytes: number): void {
    switch (entry.type) {
      case 'intended': {
        const object = this.#objects.get(entry.id);
        object?.open.add(entry.key);
        if (object !== undefined) this.#byKey.set(entry.key, object);
        break;
      }
      case 'acknowledged':
        this.#acknowledge(entry, bytes);
        break;
      case 'refused':
        this.#byKey.get(entry.key)?.open.delete(entry.key);
        this.#byKey.delete(entry.key);
        break;
      case 'unknown': {
        // Uncertain until the final read-back.
        const object = this.#byKey.get(entry.key);
        if (object !== undefined) this.#forget(object);
        break;
      }
      case 'deleted': {
        const object = this.#objects.get(entry.id);
        if (object !== undefined) this.#forget(object);
        break;
      }
      case 'read_back':
        break;
    }
  }

  #acknowledge(entry: Extract<UserEntry, { type: 'acknowledged' }>, bytes: number): void {
    const { id, key, digest, version } = entry;
    const acknowledged = version === undefined ? { key, digest } : { key, digest, version };
    const object = this.#objects.get(id);
    this.#byKey.delete(key);
    if (object !== undefined) {
      object.open.delete(key);
      Object.assign(object, { acknowledged, bytes });
    } else if (this.#objects.size < maxObjects) {
      this.#objects.set(id, { id, acknowledged, bytes, open: new Set(), foundWrong: false });
    }
  }

  #forget(object: SampledObject): void {
    for (const key of object.open) this.#byKey.delete(key);
    this.#objects.delete(object.id);
  }
}
