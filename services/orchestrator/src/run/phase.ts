/**
 * The phases of a run as one value and one pure transition function.
 *
 *   preflight → startup → ramp → steady → cooldown → read-back → close → over
 *        └ refused or stopped: over      ↑
 *                                        └ on a stop or an error
 *
 * Every run that started passes through cooldown, which reverts its faults. A stop during cooldown
 * repeats it with short timeouts, then goes to close.
 */
import type { Phase } from '@encore/contracts';

export type Ending =
  | { outcome: 'completed' }
  | { outcome: 'interrupted'; reason: string }
  | { outcome: 'aborted'; reason: string }
  /** The run never started. */
  | { outcome: 'refused'; reason: string };

export type PhaseState =
  | { phase: Extract<Phase, 'preflight' | 'startup' | 'ramp' | 'steady'> }
  | { phase: Extract<Phase, 'cooldown' | 'read-back' | 'close'>; ending: Ending }
  | { phase: 'over'; ending: Ending };

/** Ends a phase early: on request, or because something broke. */
export type Interrupt = { type: 'stop'; reason: string } | { type: 'broke'; reason: string };
export type PhaseEvent = { type: 'done' } | Interrupt;

export function nextPhase(state: PhaseState, event: PhaseEvent): PhaseState {
  switch (state.phase) {
    case 'preflight':
      if (event.type === 'done') return { phase: 'startup' };
      return {
        phase: 'over',
        ending: { outcome: event.type === 'stop' ? 'interrupted' : 'refused', reason: event.reason },
      };
    case 'startup':
      return event.type === 'done' ? { phase: 'ramp' } : cooldownAfter(event);
    case 'ramp':
      return event.type === 'done' ? { phase: 'steady' } : cooldownAfter(event);
    case 'steady':
      return event.type === 'done' ? { phase: 'cooldown', ending: { outcome: 'completed' } } : cooldownAfter(event);
    case 'cooldown':
      return afterCooldown(state.ending, event);
    case 'read-back':
      return { phase: 'close', ending: worse(state.ending, event) };
    case 'close':
      return { phase: 'over', ending: worse(state.ending, event) };
    case 'over':
      return state;
    default:
      return state satisfies never;
  }
}

function cooldownAfter(event: Interrupt): PhaseState {
  const outcome = event.type === 'stop' ? 'interrupted' : 'aborted';
  return { phase: 'cooldown', ending: { outcome, reason: event.reason } };
}

function afterCooldown(ending: Ending, event: PhaseEvent): PhaseState {
  // A stop repeats the interrupted cooldown and skips the read-back.
  if (event.type === 'stop' && ending.outcome !== 'interrupted') return cooldownAfter(event);
  const next = worse(ending, event);
  return { phase: next.outcome === 'interrupted' ? 'close' : 'read-back', ending: next };
}

/** Keeps the first error or stop; both replace `completed`. */
function worse(ending: Ending, event: PhaseEvent): Ending {
  if (event.type === 'done' || ending.outcome !== 'completed') return ending;
  return { outcome: event.type === 'stop' ? 'interrupted' : 'aborted', reason: event.reason };
}
