/** Shared by all faults on containers: finding the target and saving its identity. */
import { EncoreError, isProxy } from '@encore/kit';
import type { ContainerView, EngineEvent } from '../engine.ts';
import type {
  ActiveFault,
  EffectCheck,
  Fault,
  FindsTarget,
  Injected,
  RevertCheck,
  SavedContainer,
  SeesEvents,
  UsesEngine,
} from '../fault-functions.ts';

type OnContainer = Pick<ActiveFault<unknown, SavedContainer>, 'saved' | 'mark'>;

export function containerName({ target, kind }: Fault<unknown>): string {
  if (!isProxy(target)) return target;
  throw new EncoreError('TARGET_REFUSED', `${kind} cannot target ${target}: it acts on a container`);
}

/** Returns the target container; throws unless it is running. */
export async function runningTarget(
  { targets }: FindsTarget,
  fault: Fault<unknown>,
  signal: AbortSignal,
): Promise<ContainerView> {
  const view = await targets.find(containerName(fault), signal);
  if (view.status !== 'running') {
    const state = view.restartSetup.policy === 'no' ? `${view.status} and has no restart policy` : view.status;
    throw new EncoreError('TARGET_NOT_RUNNING', `${view.name} is ${state}; ${fault.kind} needs it running`);
  }
  return view;
}

export async function saveTarget(
  tools: FindsTarget,
  fault: Fault<unknown>,
  signal: AbortSignal,
): Promise<SavedContainer> {
  return { containerId: (await runningTarget(tools, fault, signal)).id };
}

/** The current container; Compose may have recreated it since the injection. */
export const currentTarget = (
  { targets }: FindsTarget,
  { fault }: { fault: Fault<unknown> },
  signal: AbortSignal,
): Promise<ContainerView> => targets.find(containerName(fault), signal);

export function eventOf(
  { watch }: SeesEvents,
  { saved, mark }: Pick<ActiveFault, 'saved' | 'mark'>,
  action: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<EngineEvent | null> {
  const { containerId } = saved;
  return watch.next(mark, (event) => event.containerId === containerId && event.action === action, timeoutMs, signal);
}

/** Sends a signal through the engine. */
export async function killTarget(
  { engine }: UsesEngine<'kill'>,
  { saved }: OnContainer,
  signalName: string,
  signal: AbortSignal,
): Promise<Injected> {
  await engine.kill(saved.containerId, signalName, signal);
  return { engineAction: 'kill' };
}

/** The `die` event of the target, as the evidence of a kill. */
export async function death(tools: SeesEvents, active: OnContainer, signal: AbortSignal): Promise<EffectCheck> {
  const died = await eventOf(tools, active, 'die', 4_000, signal);
  if (died === null) return { effect: 'absent', evidence: 'no die event within 4 s' };
  return { effect: 'confirmed', evidence: `exit code ${died.attributes['exitCode'] ?? 'unknown'}` };
}

export const leavesNothing: RevertCheck = { verified: true, evidence: 'an instant fault leaves nothing to revert' };
export const nothingToRevert = async (): Promise<void> => {};
export const nothingToVerify = async (): Promise<RevertCheck> => leavesNothing;
