/** A graceful restart: SIGTERM, the grace period, a new start. No admitted request may fail. */
import { eventOf, idOf, nothingHeld, nothingToUndo, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export const restart: FaultSpec = {
  kind: 'restart',
  instant: true,
  forbidsStart: false,
  does: 'Requests a restart from the engine: SIGTERM, up to the grace period, then a start.',
  undoneBy: 'The restart includes the start.',
  userSees: 'Admitted requests are answered; new ones are refused until the server listens again.',
  pitfalls:
    'A process that ignores SIGTERM as PID 1 uses the whole grace period, which then dominates the restart time.',
  prepare: saveTarget,
  act: async (tools, deed, signal) => {
    await tools.starts.expect(idOf(deed), deed.fault.target, 'undo', `graceful restart ${deed.fault.id}`);
    await tools.engine.restart(idOf(deed), signal);
    const event = await eventOf(tools, deed, 'kill', 500, signal);
    return { engineAtMs: event?.atMs };
  },
  bite: async (tools, deed, signal) => {
    const died = await eventOf(tools, deed, 'die', 1_000, signal);
    const started = await eventOf(tools, deed, 'start', 4_000, signal);
    if (died === null || started === null) return { bit: 'no', evidence: 'no die and start event' };
    const seconds = ((started.atMs - died.atMs) / 1_000).toFixed(2);
    return {
      bit: 'yes',
      evidence: `ended with exit code ${died.attributes['exitCode'] ?? 'unknown'}, started ${seconds} s later`,
    };
  },
  undo: nothingToUndo,
  verify: nothingHeld,
};
