/**
 * A crash from which the engine's restart policy recovers. SIGKILL through the API would disarm the
 * policy. SIGQUIT does not, if the container has an init, an explicit stop signal and
 * `restart: always`.
 */
import { eventOf, killTarget, nothingHeld, nothingToRevert, saveTarget } from './container-target.ts';
import type { FaultSpec } from './fault-spec.ts';

export const crash: FaultSpec = {
  kind: 'crash',
  instant: true,
  forbidsStart: false,
  does: 'Sends SIGQUIT through the engine: the process dies immediately with exit code 131.',
  revertedBy: 'The engine’s restart policy starts the target; RestartCount rises by one.',
  userSees: 'Open requests are cut; the proxy closes new ones until the server listens again.',
  pitfalls:
    'Needs `init: true`, an explicit `stop_signal: SIGTERM` and `restart: always`. The engine’s back-off doubles for a container that ran for less than 10 s, so at least 10 s without a fault precede each crash. Without `ulimits: core: 0` each crash leaves a core file.',
  prepare: saveTarget,
  inject: (tools, active, signal) => killTarget(tools, active, 'SIGQUIT', signal),
  checkEffect: async (tools, active, signal) => {
    const died = await eventOf(tools, active, 'die', 4_000, signal);
    if (died === null) return { effect: 'absent', evidence: 'no die event within 4 s' };
    return { effect: 'confirmed', evidence: `died with exit code ${died.attributes['exitCode'] ?? 'unknown'}` };
  },
  revert: nothingToRevert,
  verifyReverted: nothingHeld,
};
