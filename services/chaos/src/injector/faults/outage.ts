/**
 * Kills through the engine, so that the restart policy does not restart the target: the supervisor
 * must start it, or the revert.
 */
import type { ParamsOf } from '@encore/contracts';
import {
  type FaultFunctions,
  type FindsTarget,
  type SavedContainer,
  type SeesEvents,
  type StartsTarget,
  savedContainer,
  type UsesEngine,
} from '../fault-functions.ts';
import { currentTarget, death, killTarget, saveTarget } from './container-target.ts';

type Tools = FindsTarget & SeesEvents & UsesEngine<'kill' | 'inspect'> & StartsTarget<'start'>;

export const outage: FaultFunctions<ParamsOf<'outage'>, Tools, SavedContainer> = {
  saved: savedContainer,
  prepare: saveTarget,
  inject: (tools, active, signal) => killTarget(tools, active, 'SIGKILL', signal),
  checkEffect: async (tools, active, signal) => {
    const { effect, evidence } = await death(tools, active, signal);
    if (effect === 'absent') return { effect, evidence };
    const { status } = await tools.engine.inspect(active.saved.containerId, signal);
    return { effect, evidence: `${evidence}; the container ${status === 'exited' ? 'stayed exited' : `is ${status}`}` };
  },
  readBack: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { inPlace: status !== 'running', evidence: `the target is ${status}` };
  },
  endedBy: ['start'],
  revert: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    const { kind, id } = active.fault;
    if (view.status === 'exited') await tools.starts.start(view, 'revert', `end of ${kind} ${id}`, signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { verified: status === 'running', evidence: `the target is ${status}` };
  },
  pendingRestart: ({ fault }) => fault.params.until === 'supervisor',
};
