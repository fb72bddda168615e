/** Formats the events that matter to a user as one line each; null for the others. */
import type { EncoreEvent, Target } from '@encore/contracts';
import { noEffectTexts, timeOfDayText } from '../text.ts';

const revertTexts = {
  released: 'reverted',
  lease_ended: 'reverted because the run lease ended',
  reconciled: 'reverted by the reconciler',
  external: 'ended by something other than Encore',
} as const;

/** `judged`: the container that an observation without a target is about. */
export function eventLine(event: EncoreEvent, judged: Target): string | null {
  switch (event.type) {
    case 'phase_entered':
      return `phase ${event.phase}`;
    case 'fault_injected':
      return `${event.faultId} ${event.kind} of ${event.target}: injected`;
    case 'fault_effect_checked':
      return event.effect === 'confirmed' ? null : `${event.faultId} ${noEffectTexts[event.effect]}: ${event.evidence}`;
    case 'fault_reverted':
      // An instant fault has nothing to revert.
      if (event.cause === 'instant') return null;
      return `${event.faultId} ${revertTexts[event.cause]}${event.verified ? '' : ', NOT VERIFIED'}`;
    case 'fault_skipped':
      return `${event.faultId} ${event.kind} of ${event.target}: skipped, ${event.reason}`;
    case 'server_observed': {
      const state = event.ready ? 'ready' : event.port ? 'not ready' : 'down';
      return `${event.target ?? judged} ${state}`;
    }
    case 'target_started':
      return `${event.target} started by ${event.actor}: ${event.reason}`;
    case 'supervisor_acted':
      return event.result === 'done'
        ? null
        : `supervisor: ${event.action} of ${event.target} ${event.result}, ${event.detail ?? ''}`;
    case 'source_lost':
      return `no events from ${event.source}: ${event.reason}`;
    case 'proxy_changed':
      return `${event.target} was changed by something other than Encore: ${event.change}`;
    case 'injector_failed':
      return `the injector failed: ${event.reason}`;
    case 'engine_lost':
      return `${event.reason} (from ${timeOfDayText(event.fromAt)} UTC)`;
    case 'gap':
      return `no observation for ${((event.toAt - event.fromAt) / 1_000).toFixed(1)} s: ${event.reason}`;
    case 'stop_requested':
      return `stopping: ${event.reason}`;
    case 'capacity_measured':
      return `capacity without faults and users: ${event.requestsPerSecond.toFixed(0)} requests/s (${event.tool})`;
    case 'capacity_not_measured':
      return `capacity not measured: ${event.reason}`;
    case 'read_back_done':
      // A sample without findings is not worth a line.
      if (!event.final && event.lost + event.corrupt + event.duplicate === 0) return null;
      return `${event.final ? 'read back' : 'sampled'} ${event.readBack} of ${event.acknowledged} acknowledged objects: ${event.lost} lost, ${event.corrupt} corrupt, ${event.duplicate} duplicate, ${event.phantom} phantom`;
    default:
      return null;
  }
}
