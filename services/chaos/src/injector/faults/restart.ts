/** A graceful restart: SIGTERM, the grace period, a new start. No admitted request may fail. */
import { eventOf, idOf, nothingHeld, nothingToRevert, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export const restart: FaultSpec = {
  kind: 'restart',
  instant: true,
  forbidsStart: false,
  does: 'Requests a restart from the engine: SIGTERM, up to the grace period, then a start.',
  revertedBy: 'The restart includes the start.',
  userSees: 'Admitted requests are answered; new ones are refused until the server listens again.',
  pitfalls:
    'A process that ignores SIGTERM as PID 1 uses the whole grace period, which then dominates the restart time.',
  prepare: saveTarget,
  inject: async (tools, active, signal) => {
    await tools.starts.expect(idOf(active), active.fault.target, 'revert', `graceful restart ${active.fault.id}`);
    await tools.engine.restart(idOf(active), signal);
    const event = await eventOf(tools, active, 'kill', 500, signal);
    return { engineAtMs: event?.atMs };
  },
  checkEffect: async (tools, active, signal) => {
    const died = await eventOf(tools, active, 'die', 1_000, signal);
    const started = await eventOf(tools, active, 'start', 4_000, signal);
    if (died === null || started === null) return { effect: 'absent', evidence: 'no die and start event' };
    const seconds = ((started.atMs - died.atMs) / 1_000).toFixed(2);
    return {
      effect: 'confirmed',
      evidence: `ended with exit code ${died.attributes['exitCode'] ?? 'unknown'}, started ${seconds} s later`,
    };
  },
  revert: nothingToRevert,
  verifyReverted: nothingHeld,
};
