/**
 * A crash from which the engine's restart policy recovers. SIGKILL through the API would disarm the
 * policy. SIGQUIT does not, if the container has an init, an explicit stop signal and
 * `restart: always`.
 */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  type SeesEvents,
  savedContainer,
  type UsesEngine,
} from '../fault-functions.ts';
import { death, killTarget, nothingHeld, nothingToRevert, saveTarget } from './container-target.ts';

type Tools = FindsTarget & SeesEvents & UsesEngine<'kill'>;

export const crash: FaultFunctions<ParamsOf<'crash'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: (tools, active, signal) => killTarget(tools, active, 'SIGQUIT', signal),
  checkEffect: death,
  revert: nothingToRevert,
  verifyReverted: nothingHeld,
};
