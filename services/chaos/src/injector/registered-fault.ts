/** A fault of the registry: what is active, the functions of its kind, and how far it has come. */
import type { Behaviour } from '@encore/contracts';
import type { ActiveFault, FaultFunctions } from './fault-functions.ts';

export interface RegisteredFault extends ActiveFault {
  functions: FaultFunctions;
  behaviour: Behaviour;
  injectedAt: number;
  /**
   * `confirmed`: the effect check confirmed it, so its state can be read back. `revert-failed`: its
   * revert could not be verified; the reconciler retries it.
   */
  state: 'injecting' | 'injected' | 'confirmed' | 'revert-failed';
}
