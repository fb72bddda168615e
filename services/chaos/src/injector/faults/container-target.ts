/** Shared by all faults on containers: finding the target and saving its identity. */
import type { PlannedFault } from '@encore/contracts';
import { EncoreError, isProxy } from '@encore/kit';
import type { ContainerView, EngineEvent } from '../engine.ts';
import type { ActiveFault, FaultTools, Injected, RevertCheck, Saved } from './fault-spec.ts';

export function containerName({ target, kind }: PlannedFault): string {
  if (!isProxy(target)) return target;
  throw new EncoreError('TARGET_REFUSED', `${kind} cannot target ${target}`, { status: 400, definite: true });
}

/** Returns the target container; throws unless it is running. */
export async function runningTarget(
  tools: FaultTools,
  fault: PlannedFault,
  signal: AbortSignal,
): Promise<ContainerView> {
  const view = await tools.targets.find(containerName(fault), signal);
  if (view.status !== 'running')
    throw new EncoreError('TARGET_NOT_RUNNING', `${view.name} is ${view.status}; ${fault.kind} needs it running`, {
      status: 409,
      definite: true,
    });
  return view;
}

export async function saveTarget(tools: FaultTools, fault: PlannedFault, signal: AbortSignal): Promise<Saved> {
  const { id, restartCount } = await runningTarget(tools, fault, signal);
  return { containerId: id, restartCount };
}

export function idOf({ fault, saved }: ActiveFault): string {
  if (saved.containerId === undefined)
    throw new EncoreError('TARGET_MISSING', `no container was saved for ${fault.id}`, { definite: true });
  return saved.containerId;
}

/** The current container; Compose may have recreated it since the injection. */
export const currentTarget = (tools: FaultTools, { fault }: ActiveFault, signal: AbortSignal): Promise<ContainerView> =>
  tools.targets.find(containerName(fault), signal);

export function eventOf(
  tools: FaultTools,
  active: ActiveFault,
  action: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<EngineEvent | null> {
  const id = idOf(active);
  return tools.watch.next(
    active.mark,
    (event) => event.containerId === id && event.action === action,
    timeoutMs,
    signal,
  );
}

/** Sends a signal through the engine and returns the engine's time of it. */
export async function killTarget(
  tools: FaultTools,
  active: ActiveFault,
  signalName: string,
  signal: AbortSignal,
): Promise<Injected> {
  await tools.engine.kill(idOf(active), signalName, signal);
  const event = await eventOf(tools, active, 'kill', 1_000, signal);
  return { engineAtMs: event?.atMs };
}

export const nothingToRevert = async (): Promise<void> => {};
export const nothingHeld = async (): Promise<RevertCheck> => ({
  verified: true,
  evidence: 'an instant fault leaves nothing to revert',
});
