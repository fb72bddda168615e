/** A server that hangs: paused like in a freeze, but the supervisor may act. The end of the lease is only the safety net. */
import type { FaultSpec } from './fault-spec.ts';
import { pauseFault } from './freeze.ts';

export const hang: FaultSpec = pauseFault('hang', {
  forbidsStart: false,
  does: 'Pauses all processes of the target and waits for somebody to notice.',
  undoneBy: 'The supervisor, which restarts a target that was unhealthy for too long.',
  userSees: 'Requests run into their deadline until the restart, then open ones are cut.',
  pitfalls: 'No restart policy notices a hang: on plain Docker `unhealthy` is only a word.',
});
