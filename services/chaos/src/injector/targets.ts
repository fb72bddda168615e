/**
 * Finds the containers that faults may act on: of our Compose project, with the opt-in label, and
 * with the kind among those that the system description allows. Called before each injection,
 * because ids change; everything after that uses the full id found here.
 */
import type { FaultKind, System, SystemContainer, Target } from '@encore/contracts';
import { EncoreError, ownValue, withoutNumber } from '@encore/kit';
import { kindRefusal } from '@encore/plan';
import { type ContainerSummary, type ContainerView, type Engine, label } from './engine.ts';

/** A container's original limits from its labels; null where a label is missing. */
export interface OriginalLimits {
  memoryBytes: number | null;
  memswapBytes: number | null;
  cpus: number | null;
}

export class Targets {
  readonly #engine: Engine;
  readonly project: string;
  readonly system: System;

  constructor(engine: Engine, project: string, system: System) {
    this.#engine = engine;
    this.project = project;
    this.system = system;
  }

  async list(signal: AbortSignal): Promise<ContainerSummary[]> {
    const all = await this.#engine.list(this.project, signal);
    return all.filter(({ labels }) => this.#optedIn(labels));
  }

  /** Name of a container in the history: that of the description, or of the Compose service. */
  nameOf({ labels, name }: Pick<ContainerSummary, 'labels' | 'name'>): string {
    const target = labels[label.target];
    const { replicas = 1 } = ownValue(this.system.containers, target ?? '') ?? {};
    if (replicas > 1) return `${target}#${labels[label.number]}`;
    return target ?? labels[label.service] ?? name;
  }

  /** Throws TARGET_MISSING when there is none or more than one. */
  async find(name: string, signal: AbortSignal): Promise<ContainerView> {
    const found = (await this.list(signal)).filter((container) => this.nameOf(container) === name);
    const [only] = found;
    if (only === undefined || found.length > 1)
      throw new EncoreError(
        'TARGET_MISSING',
        `project ${this.project} has ${found.length} containers for the target ${name} (label ${label.target}), but needs exactly one; start the missing one, or remove the others`,
      );
    const view = await this.#engine.inspect(only.id, signal);
    // The engine filtered by label; check the labels again before injecting.
    if (!this.#optedIn(view.labels) || this.nameOf(view) !== name)
      throw new EncoreError('TARGET_REFUSED', `${view.name} is not a target of this project`);
    return view;
  }

  /** Throws KIND_NOT_ALLOWED unless the system description permits the kind on the target. */
  requireAllowed(target: Target, kind: FaultKind): void {
    const { containers, proxies } = this.system;
    const { unsupported = {} } = ownValue<Unsupported>({ ...containers, ...proxies }, withoutNumber(target)) ?? {};
    const reason = unsupported[kind] ?? kindRefusal(this.system, target, kind);
    if (reason !== null) throw new EncoreError('KIND_NOT_ALLOWED', reason);
  }

  #optedIn(labels: Readonly<Record<string, string>>): boolean {
    return labels[label.project] === this.project && Object.hasOwn(this.system.containers, labels[label.target] ?? '');
  }
}

type Unsupported = Pick<SystemContainer, 'unsupported'>;

export function originalLimitsOf(labels: Readonly<Record<string, string>>): OriginalLimits {
  const number = (name: string) => {
    const value = Number(labels[name]);
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  const memoryBytes = number(label.memory);
  return { memoryBytes, memswapBytes: number(label.memswap) ?? memoryBytes, cpus: number(label.cpus) };
}
