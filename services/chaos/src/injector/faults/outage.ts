/**
 * An outage: the engine is asked to kill, so its policy will not restart the target, and somebody must start it. Held for a
 * time when the plan says so; then the undo starts what is still down.
 */
import { currentTarget, eventOf, idOf, killTarget, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export const outage: FaultSpec = {
  kind: 'outage',
  instant: true,
  forbidsStart: false,
  does: 'Sends SIGKILL through the engine, which takes that for an operator’s stop and does not restart the target.',
  undoneBy:
    'The supervisor, 2 s after it saw the target exited. With a duration and a lease that forbids starts: the undo at its end.',
  userSees: 'The same as in a crash, for longer.',
  pitfalls: 'Exit code 137 is also that of an OOM kill; the engine’s events tell them apart.',
  prepare: saveTarget,
  act: (tools, deed, signal) => killTarget(tools, deed, 'SIGKILL', signal),
  bite: async (tools, deed, signal) => {
    const died = await eventOf(tools, deed, 'die', 4_000, signal);
    if (died === null) return { bit: 'no', evidence: 'no die event within 4 s' };
    const { status } = await tools.engine.inspect(idOf(deed), signal);
    return { bit: 'yes', evidence: `died with exit code ${died.attributes['exitCode'] ?? 'unknown'}, then ${status}` };
  },
  readBack: async (tools, deed, signal) => {
    const { status } = await currentTarget(tools, deed, signal);
    return { inPlace: status !== 'running', evidence: `the target is ${status}` };
  },
  undo: async (tools, deed, signal) => {
    const view = await currentTarget(tools, deed, signal);
    if (view.status === 'exited')
      await tools.starts.start(view, 'undo', `end of ${deed.fault.kind} ${deed.fault.id}`, signal);
  },
  verify: async (tools, deed, signal) => {
    const { status } = await currentTarget(tools, deed, signal);
    return { verified: status === 'running', evidence: `the target is ${status}` };
  },
};
