/** What the fault table states about a kind of fault. */
import type { z } from 'zod';

/** Groups that share a colour in the timeline, with the titles for its legend. */
export const faultGroups = {
  kill: 'kills and stops',
  network: 'network',
  resource: 'memory, CPU, disk',
  load: 'load',
} as const;
export type FaultGroup = keyof typeof faultGroups;

/** What a fault does to a run: how it is planned, guarded and judged. */
export interface Behaviour {
  /** Default range of its duration; null for an instant fault, which leaves nothing to revert. */
  holdSeconds: { min: number; max: number } | null;
  /**
   * No system, however good, can respond while the fault is active, not even on open connections.
   */
  totalOutage: boolean;
  /** Healthy time that the target needs before the fault. */
  healthBeforeSeconds: number;
  /** Time limit, from the injection, for observing the effect. */
  effectCheckSeconds: number;
  /** Nothing may start or restart the target while the fault is active. */
  forbidsStart: boolean;
  /**
   * Where the recovery time starts. `kill`: the engine's kill timestamp. `injection`: the
   * injection, since the supervisor must end the fault. `revert`: the verified revert.
   */
  clock: 'kill' | 'injection' | 'revert';
  /** The fault is meant to end the target, so its death is expected. */
  deathIsTheInjection: boolean;
  /** The fault lets the target finish its work, so an exit by SIGKILL is a forced stop. */
  graceful: boolean;
  /** The fault reduces the memory, so the kernel may kill the target, which is expected. */
  reducesMemory: boolean;
  /** Engine actions on the target that the fault explains; any other one is an intervention. */
  actions: 'any' | readonly string[];
  /** The system should tolerate it: a correct response during the fault counts as self-recovery. */
  tolerable: boolean;
}

/** What not every runtime and target has, in the words of docs/FAULTS.md. */
export const needs = {
  'memory-limit': 'a memory limit that can be changed and restored',
  'cpu-limit': 'a CPU limit that can be changed and restored',
  'stress-helper': 'the stress helper in the image of the target (docker/stress.mjs)',
  networks: 'a target with its own networks, from which it can be disconnected',
  'only-replica': 'a target without replicas that respond in its place',
  observer: 'a target whose recovery is judged, because Encore checks only that target for responses',
  supervisor: 'the supervisor, which restarts a target that does not respond',
  breakers: 'circuit breakers that the target reports in the same format as the bundled server',
  'bundled-lab': 'the bundled lab; it has not been tested elsewhere',
  banner: 'a probe that receives data: any but `none`',
  exchange: 'a probe that sends a request and receives the answer: `http`, `postgres` or `redis`',
  http: 'the probe `http`',
} as const;
export type Need = keyof typeof needs;

interface Texts {
  does: string;
  revertedBy: string;
  usersSee: string;
  pitfalls: string;
}

export interface Kind<Params extends z.ZodObject = z.ZodObject> extends Texts {
  actsOn: 'container' | 'proxy';
  group: FaultGroup;
  /** Parameters, each with its default, range and meaning. */
  params: Params;
  /** Depends on the parameters where one kind has several forms. */
  behaviour: Behaviour | ((params: z.output<Params>) => Behaviour);
  /** Where one of these is missing, the kind is unsupported. */
  needs?: readonly Need[];
  /** The target restarts only if the engine's restart policy is set up for it. */
  needsRestartPolicy?: true;
  /** A claim that a run must confirm itself: the report lists it as not tested elsewhere. */
  untested?: { environment: string; value: string; text: string };
}
