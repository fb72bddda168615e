/** Finds out what ended a fault before its revert, from the engine's events since its injection. */
import { isProxy } from '@encore/kit';
import { label } from './engine.ts';
import type { NumberedEvent } from './engine-watch.ts';
import type { FaultTools } from './fault-functions.ts';
import type { RegisteredFault } from './fault-registry.ts';

/**
 * Something else ended a fault before its revert; `external` when neither the lab nor the target
 * itself did.
 */
export interface EarlyEnd {
  cause: 'external' | 'reconciled';
  evidence: string;
  atMs: number;
}

type Tools = Pick<FaultTools, 'watch' | 'starts' | 'proxies' | 'clock'>;

/** The engine reports these when something stops or removes a container. */
const stops = ['kill', 'stop', 'destroy'];

/**
 * Attributes an early end to the lab (a start by the supervisor, a kill of the plan, a proxy that
 * restarted empty), the target itself (its restart policy, a kill under a limit), or something
 * external. The latest event that can end the fault decides. Null while a start has not been
 * attributed yet.
 */
export function endedBy(tools: Tools, active: RegisteredFault): EarlyEnd | null {
  const { clock, starts } = tools;
  const { fault, functions } = active;
  if (isProxy(fault.target)) return proxyEndedBy(tools, active);
  if (functions.endedBy === undefined)
    return { cause: 'reconciled', evidence: 'it ended on its own', atMs: clock.now() };
  const ender = lastEvent(tools, active, [...functions.endedBy, 'destroy']);
  const stop = externalStop(tools, active);
  if (stop !== null) {
    const { event } = lastEvent(tools, active, ['die']) ?? stop;
    return { cause: 'external', evidence: stopText(stop), atMs: event.atMs };
  }
  if (ender === null) return { cause: 'external', evidence: 'something else ended it', atMs: clock.now() };
  const { action, atMs, containerId } = ender.event;
  if (action === 'start') {
    const last = starts.last(containerId);
    if (last === undefined || last.atMs < atMs) return null;
    if (last.actor === 'external')
      return { cause: 'external', evidence: 'something outside the lab started the target', atMs };
    return { cause: 'reconciled', evidence: `the target was started by ${last.actor}`, atMs };
  }
  // The engine resumes a paused container that it stops.
  if (action === 'die' || action === 'oom' || starts.ownStops.explains(ender))
    return { cause: 'reconciled', evidence: 'the target exited while the fault was active', atMs };
  return { cause: 'external', evidence: `something outside the lab ended it (${action})`, atMs };
}

/** Attributes the death of a target to the lab and the target itself, or to something external. */
export function deathOf(tools: Tools, active: RegisteredFault): Pick<EarlyEnd, 'cause' | 'evidence'> {
  const stop = externalStop(tools, active);
  if (stop !== null) return { cause: 'external', evidence: stopText(stop) };
  return { cause: 'reconciled', evidence: 'the target died while the fault was active' };
}

/** Whether the container that runs the proxy exited or started since the injection. */
function proxyEndedBy({ watch, proxies, clock }: Tools, { fault, mark }: RegisteredFault): EarlyEnd {
  const { runsIn } = proxies.address(fault.target);
  const restarted = watch.find(
    ({ action, attributes }) => (action === 'start' || action === 'die') && attributes[label.target] === runsIn,
    { after: mark },
  );
  if (restarted !== null) return { cause: 'reconciled', evidence: 'Toxiproxy was restarted', atMs: clock.now() };
  return { cause: 'external', evidence: 'something outside the lab changed the proxy', atMs: clock.now() };
}

/** The last stop of the target since the injection that the lab did not request. */
function externalStop(tools: Tools, active: RegisteredFault): NumberedEvent | null {
  const stop = lastEvent(tools, active, stops);
  return stop === null || tools.starts.ownStops.explains(stop) ? null : stop;
}

function stopText({ event: { action, attributes } }: NumberedEvent): string {
  const { signal } = attributes;
  const how = signal === undefined ? action : `${action}, signal ${signal}`;
  return `something outside the lab stopped the target (${how})`;
}

/** The last of these events on the target, except what the injection itself caused. */
function lastEvent(
  { watch }: Tools,
  { saved: { containerId }, mark, injectedAt }: RegisteredFault,
  actions: readonly string[],
): NumberedEvent | null {
  return watch.find(
    (event) => event.containerId === containerId && actions.includes(event.action) && event.atMs > injectedAt,
    { after: mark },
  );
}
