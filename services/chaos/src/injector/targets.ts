/**
 * Finds the containers that faults may act on: of our Compose project, with the opt-in label, and
 * with the kind in its list. Called before each injection, because ids change; everything after
 * that uses the full id found here.
 */
import type { FaultKind } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { type ContainerSummary, type ContainerView, type Engine, label } from './engine.ts';

export type ContainerName = 'server' | 'postgres' | 'toxiproxy';
const containerNames: readonly string[] = ['server', 'postgres', 'toxiproxy'];

/** A container's original limits from its labels; null where a label is missing. */
export interface OriginalLimits {
  memoryBytes: number | null;
  memswapBytes: number | null;
  cpus: number | null;
}

export class Targets {
  readonly #engine: Engine;
  readonly project: string;

  constructor(engine: Engine, project: string) {
    this.#engine = engine;
    this.project = project;
  }

  async list(signal: AbortSignal): Promise<ContainerSummary[]> {
    const all = await this.#engine.list(this.project, signal);
    return all.filter(({ labels }) => this.#optedIn(labels));
  }

  /** Throws TARGET_MISSING when there is none or more than one. */
  async find(name: ContainerName, signal: AbortSignal): Promise<ContainerView> {
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

  async allowing(name: ContainerName, kind: FaultKind, signal: AbortSignal): Promise<ContainerView> {
    const view = await this.find(name, signal);
    const refusal = reasonAgainst(view.labels, kind);
    if (refusal !== null)
      throw new EncoreError('KIND_NOT_ALLOWED', `${view.name}: ${refusal}`, { status: 409, definite: true });
    return view;
  }

  #optedIn(labels: Readonly<Record<string, string>>): boolean {
    return labels[label.project] === this.project && containerNames.includes(labels[label.target] ?? '');
  }
}

/** Why this kind must not be injected into a container with these labels; null when it may. */
export function reasonAgainst(labels: Readonly<Record<string, string>>, kind: FaultKind): string | null {
  if (allowedKindsOf(labels).includes(kind)) return null;
  return labels[label.unsupported + kind] ?? `its label ${label.allowedKinds} does not list ${kind}`;
}

export function allowedKindsOf(labels: Readonly<Record<string, string>>): string[] {
  return (labels[label.allowedKinds] ?? '')
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
}

export function originalLimitsOf(labels: Readonly<Record<string, string>>): OriginalLimits {
  const number = (name: string) => {
    const value = Number(labels[name]);
    return Number.isFinite(value) && value > 0 ? value : null;
  };
  const memoryBytes = number(label.memory);
  return { memoryBytes, memswapBytes: number(label.memswap) ?? memoryBytes, cpus: number(label.cpus) };
}
