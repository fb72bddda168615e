/**
 * Kills through the engine, so that the restart policy does not restart the target and the
 * supervisor must start it. With a duration, the target is kept down and the revert starts it.
 */
import { currentTarget, eventOf, idOf, killTarget, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export const outage: FaultSpec = {
  kind: 'outage',
  instant: true,
  forbidsStart: false,
  does: 'Sends SIGKILL through the engine, which treats it as an operator’s stop and does not restart the target.',
  revertedBy:
    'The supervisor starts the target 2 s after it exited. With a duration, starts are forbidden and the injector starts it at the end.',
  userSees: 'The same as in a crash, but longer.',
  pitfalls: 'An OOM kill has the same exit code 137; the engine’s events distinguish them.',
  prepare: saveTarget,
  inject: (tools, active, signal) => killTarget(tools, active, 'SIGKILL', signal),
  checkEffect: async (tools, active, signal) => {
    const died = await eventOf(tools, active, 'die', 4_000, signal);
    if (died === null) return { effect: 'absent', evidence: 'no die event within 4 s' };
    const { status } = await tools.engine.inspect(idOf(active), signal);
    return {
      effect: 'confirmed',
      evidence: `died with exit code ${died.attributes['exitCode'] ?? 'unknown'}, then ${status}`,
    };
  },
  readBack: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { inPlace: status !== 'running', evidence: `the target is ${status}` };
  },
  revert: async (tools, active, signal) => {
    const view = await currentTarget(tools, active, signal);
    if (view.status === 'exited')
      await tools.starts.start(view, 'revert', `end of ${active.fault.kind} ${active.fault.id}`, signal);
  },
  verifyReverted: async (tools, active, signal) => {
    const { status } = await currentTarget(tools, active, signal);
    return { verified: status === 'running', evidence: `the target is ${status}` };
  },
};
