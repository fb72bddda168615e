import type { EncoreEvent, EventOf } from '@encore/contracts';

/** An event of the engine, by default about the server, at the same time by both clocks. */
export function engineEvent(at: number, action: string, more: Partial<EventOf<'engine_event'>> = {}): EncoreEvent {
  return { type: 'engine_event', at, engineAt: at, target: 'server', action, ...more };
}
