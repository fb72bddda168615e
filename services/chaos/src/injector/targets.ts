/**
 * Finds the containers that faults may act on: of our Compose project, with the opt-in label, and
 * with the kind among those that the system description allows. Called before each injection,
 * because ids change; everything after that uses the full id found here.
 */
import type { FaultKind, System, SystemContainer, Target } from '@encore/contracts';
import { EncoreError, kindRefusal, ownValue } from '@encore/kit';
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

  /** Throws TARGET_MISSING when there is none or more than one. */
  async find(name: string, signal: AbortSignal): Promise<ContainerView> {
    const found = (await this.list(signal)).filter(({ labels }) => labels[label.target] === name);
    const [only] = found;
    if (only === undefined || found.length > 1)
      throw new EncoreError(
        'TARGET_MISSING',
        `found ${found.length} containers of project ${this.project} with the label ${label.target}=${name}; exactly one is required`,
        { status: 409, definite: true },
      );
    const view = await this.#engine.inspect(only.id, signal);
    // The engine filtered by label; check the labels again before injecting.
    if (!this.#optedIn(view.labels) || view.labels[label.target] !== name)
      throw new EncoreError('TARGET_REFUSED', `${view.name} is not a target of this project`, {
        status: 409,
        definite: true,
      });
    return view;
  }

  /** Throws KIND_NOT_ALLOWED unless the system description permits the kind on the target. */
  requireAllowed(target: Target, kind: FaultKind): void {
    const { containers, proxies } = this.system;
    const { unsupported = {} } = ownValue<Unsupported>({ ...containers, ...proxies }, target) ?? {};
    const reason = unsupported[kind] ?? kindRefusal(this.system, target, kind);
    if (reason !== null) throw new EncoreError('KIND_NOT_ALLOWED', reason, { status: 409, definite: true });
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
