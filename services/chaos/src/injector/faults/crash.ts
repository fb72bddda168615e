/**
 * A crash from which the engine's restart policy recovers. SIGKILL through the API would disarm the
 * policy. SIGQUIT does not, if the container has an init, an explicit stop signal and `restart:
 * always`. For a container that is not set up for that, the system description gives a signal,
 * which bypasses the engine.
 */
import type { ParamsOf } from '@encore/contracts';
import { ownValue, withoutNumber } from '@encore/kit';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  type SeesEvents,
  savedContainer,
  type UsesEngine,
} from '../fault-functions.ts';
import type { Targets } from '../targets.ts';
import { death, killTarget, nothingToRevert, nothingToVerify, saveTarget } from './container-target.ts';

type Tools = FindsTarget & { targets: Pick<Targets, 'system'> } & SeesEvents & UsesEngine<'kill' | 'signalProcess'>;

export const crash: FaultFunctions<ParamsOf<'crash'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    const { containers } = tools.targets.system;
    const bypass = ownValue(containers, withoutNumber(active.fault.target))?.crash;
    if (bypass === undefined) return await killTarget(tools, active, 'SIGQUIT', signal);
    await tools.engine.signalProcess(active.saved.containerId, bypass.signal, signal);
    return {};
  },
  checkEffect: death,
  revert: nothingToRevert,
  verifyReverted: nothingToVerify,
};
