/** Engine events for `GET /events`: a bounded history for `since`, and live listeners. */
import type { ContainerSpec } from './container-spec.ts';

const kept = 5_000;

export interface EngineEvent {
  readonly Type: 'container';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: number;
  /** Older names of the same fields; some clients still read them. */
  readonly status: string;
  readonly id: string;
  readonly from: string;
}

export interface EventFilters {
  readonly type?: readonly string[];
  readonly event?: readonly string[];
  readonly container?: readonly string[];
  readonly label?: readonly string[];
}

export class EngineEvents {
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #recent: EngineEvent[] = [];

  emit(id: string, spec: ContainerSpec, action: string, attributes: Record<string, string>, atMs: number): void {
    const event: EngineEvent = {
      Type: 'container',
      Action: action,
      Actor: { ID: id, Attributes: { ...spec.labels, image: spec.image, name: spec.name, ...attributes } },
      scope: 'local',
      time: Math.floor(atMs / 1_000),
      timeNano: Math.round(atMs * 1e6),
      status: action,
      id,
      from: spec.image,
    };
    this.#recent.push(event);
    if (this.#recent.length > kept * 1.1) this.#recent = this.#recent.slice(-kept);
    for (const listener of this.#listeners) listener(event);
  }

  since(atMs: number): EngineEvent[] {
    return this.#recent.filter((event) => event.timeNano >= atMs * 1e6);
  }

  listen(listener: (event: EngineEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/**
 * Every filter must match. Within a filter any value may match, except labels, which must all
 * match.
 */
export function eventMatches(event: EngineEvent, filters: EventFilters): boolean {
  const { ID, Attributes } = event.Actor;
  const any = (values: readonly string[] | undefined, test: (value: string) => boolean) =>
    values === undefined || values.length === 0 || values.some(test);
  return (
    any(filters.type, (type) => type === event.Type) &&
    any(filters.event, (action) => action === event.Action) &&
    any(filters.container, (name) => ID.startsWith(name) || Attributes['name'] === name) &&
    hasLabels(Attributes, filters.label)
  );
}

/** True when all wanted labels, each `key` or `key=value`, are present. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[] = []): boolean {
  return wanted.every((text) => {
    const [key = '', ...value] = text.split('=');
    return key in labels && (value.length === 0 || labels[key] === value.join('='));
  });
}
