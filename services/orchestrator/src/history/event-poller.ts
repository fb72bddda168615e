/**
 * Polls the events of one service into the history. A service that restarted has a new instance id
 * and numbers its events from 1 again; the chaos service then repeats its journal, so the poller
 * skips events that it has seen.
 */
import type { EncoreEvent, EventPage } from '@encore/contracts';
import { type Clock, canonicalJson, crcHex, describeError } from '@encore/kit';
import type { ServiceClients } from '../service-clients.ts';
import type { HistoryWriter, Source } from './history-writer.ts';

export interface EventPollerOptions {
  source: Exclude<Source, 'orchestrator'>;
  clients: Pick<ServiceClients, 'events'>;
  clock: Clock;
  /** Events before this time (epoch milliseconds) belong to an earlier run. */
  since: number;
  history: HistoryWriter;
  /** Called when the service has restarted during the run. */
  onRestart: () => void;
  /** Records `source_lost` after this long without a response; default: 10 s. */
  lostAfterMs?: number;
}

const maxRemembered = 100_000;
/** Frequent event types that are not in the journal, so they cannot repeat. */
const neverRepeated: ReadonlySet<EncoreEvent['type']> = new Set([
  'load_second',
  'probe_second',
  'target_sampled',
  'generator_checked',
  'attempt_failed',
]);

export class EventPoller {
  readonly #options: EventPollerOptions;
  readonly #seen = new Set<string>();
  #instanceId = '';
  #after = 0;
  #respondedAt: number;
  #lost = false;
  #polling: Promise<number | null> = Promise.resolve(null);

  constructor(options: EventPollerOptions) {
    this.#options = options;
    this.#respondedAt = options.clock.now();
  }

  /** Fetches one page, after a pending one. Returns its event count, null without a response. */
  poll(signal?: AbortSignal): Promise<number | null> {
    this.#polling = this.#polling.then(() => this.#fetch(signal));
    return this.#polling;
  }

  /** Polls until no events are left, and retries without a response until the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const count = await this.poll(signal);
      if (count === 0) return;
      if (count === null) await this.#options.clock.sleep(100, signal).catch(() => undefined);
    }
  }

  async #fetch(signal?: AbortSignal): Promise<number | null> {
    const { clients, source, clock } = this.#options;
    try {
      const page = await clients.events(source, this.#instanceId, this.#after, { signal });
      const restarted = this.#instanceId !== '' && page.instanceId !== this.#instanceId;
      if (restarted) this.#options.onRestart();
      this.#noticeMissing(page);
      this.#instanceId = page.instanceId;
      this.#after = page.after;
      for (const { seq, event } of page.events) {
        this.#after = seq;
        this.#take(event);
      }
      this.#respondedAt = clock.now();
      this.#lost = false;
      await this.#options.history.flushed();
      return page.events.length;
    } catch (error) {
      if (signal?.aborted !== true) this.#onNoResponse(error);
      return null;
    }
  }

  #noticeMissing({ instanceId, after, dropped, events }: EventPage): void {
    // Before the first page of a run, missing events belong to an earlier run if older events
    // follow.
    const ofThisRun = this.#instanceId !== '' || (events[0]?.event.at ?? 0) >= this.#options.since;
    if (dropped > 0 && ofThisRun) this.#reportLost(`${dropped} events were dropped before they could be fetched`);
    const taken = instanceId === this.#instanceId ? after - this.#after - dropped : 0;
    if (taken > 0)
      this.#reportLost(`another program fetched ${taken} events. If a second orchestrator is running, stop it`);
  }

  #take(event: EncoreEvent): void {
    if (event.at < this.#options.since) return;
    if (!neverRepeated.has(event.type)) {
      const text = canonicalJson(event);
      const fingerprint = `${crcHex(text)}${text.length}${event.type}${event.at}`;
      if (this.#seen.has(fingerprint)) return;
      if (this.#seen.size < maxRemembered) this.#seen.add(fingerprint);
    }
    this.#options.history.add(event, this.#options.source);
  }

  #onNoResponse(error: unknown): void {
    const awayMs = this.#options.clock.now() - this.#respondedAt;
    if (this.#lost || awayMs < (this.#options.lostAfterMs ?? 10_000)) return;
    this.#lost = true;
    this.#reportLost(`no response for ${Math.round(awayMs / 1_000)} s: ${describeError(error)}`);
  }

  #reportLost(reason: string): void {
    const { history, source, clock } = this.#options;
    history.add({ type: 'source_lost', at: clock.now(), source, reason });
  }
}
