/**
 * All events of a run, as one tagged union. Each service keeps its events in order and serves them
 * in pages (`GET /events?instance=ID&after=N`); only the orchestrator writes history.ndjson.
 */
import { z } from 'zod';
import { chaosEvents } from './events/chaos-events.ts';
import { loadgenEvents } from './events/loadgen-events.ts';
import { orchestratorEvents } from './events/orchestrator-events.ts';

export const eventSchema = z.discriminatedUnion('type', [...orchestratorEvents, ...chaosEvents, ...loadgenEvents]);
export type EncoreEvent = z.infer<typeof eventSchema>;
export type EventOf<Type extends EncoreEvent['type']> = Extract<EncoreEvent, { type: Type }>;

/** A page of events. A restarted service has a new `instanceId` and numbers from 1. */
export const eventPageSchema = z.object({
  instanceId: z.string(),
  /**
   * The number after which this page starts. Request the next page after the last event, or after
   * this number if the page is empty.
   */
  after: z.number(),
  /** Events dropped from the service's bounded log before they were read. */
  dropped: z.number(),
  events: z.array(z.object({ seq: z.number(), event: eventSchema })),
});
export type EventPage = z.infer<typeof eventPageSchema>;

export const sources = ['orchestrator', 'chaos', 'loadgen'] as const;
/** A line of history.ndjson. `crc` is the CRC-32 (8 hex digits) of the JSON without `crc`. */
export const historyLineSchema = z.object({
  seq: z.number().int(),
  source: z.enum(sources),
  event: eventSchema,
  crc: z.string(),
});
export type HistoryLine = z.infer<typeof historyLineSchema>;
