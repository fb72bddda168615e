/** Renews the lease of the load. If the load ends without being stopped, records the reason. */
import { EncoreError } from '@encore/kit';
import type { RunView } from '../../progress/run-view.ts';
import type { RunContext } from '../run-context.ts';

export const renewEveryMs = 2_000;
/** Several missed renewals, not one. */
const missedRenewalsMs = 5 * renewEveryMs;

interface LoadLeaseOptions {
  view: Pick<RunView, 'loadSeenAt'>;
  /** Fetches the load generator's events. */
  pollEvents: (signal: AbortSignal) => Promise<unknown>;
  onLost: (reason: string) => void;
}

export class LoadLease {
  readonly #context: Pick<RunContext, 'run' | 'clients' | 'clock' | 'history'>;
  readonly #options: LoadLeaseOptions;
  readonly #ended = new AbortController();
  /** Start of the load, or of event polling until then. A gap in the load begins no earlier. */
  #startedAt: number;
  #renewedAt = 0;

  constructor(context: Pick<RunContext, 'run' | 'clients' | 'clock' | 'history'>, options: LoadLeaseOptions) {
    this.#context = context;
    this.#options = options;
    this.#startedAt = context.clock.now();
  }

  /** Returns a signal that aborts when the lease needs no more renewals. */
  start(): AbortSignal {
    this.#startedAt = this.#context.clock.now();
    this.#renewedAt = this.#startedAt;
    return this.#ended.signal;
  }

  /** From here on, the end of the load is expected. */
  end(): void {
    this.#ended.abort();
  }

  async renew(signal: AbortSignal): Promise<void> {
    const { clients, run, clock } = this.#context;
    try {
      await clients.renewLoadLease(run.id, { signal, timeoutMs: 2_000 });
      this.#renewedAt = clock.now();
    } catch (error) {
      if (error instanceof EncoreError && (error.status === 410 || error.status === 404))
        await this.#over(error, signal);
    }
  }

  async #over({ code }: EncoreError, signal: AbortSignal): Promise<void> {
    const silentMs = this.#context.clock.now() - this.#renewedAt;
    // A restarted generator refuses too; its events, polled first, name the restart as reason.
    await this.#options.pollEvents(signal);
    if (code === 'WORKLOAD_FAILED') this.lost('the workload failed, which ended its thread and the users in it');
    else if (silentMs <= missedRenewalsMs) this.lost('the load generator ended the load without being asked to');
    else
      this.lost(
        `the load generator ended the load, because it was unreachable from here and its lease was not renewed for ${Math.round(silentMs / 1_000)} s`,
      );
  }

  /** The load ended unexpectedly. Only the first reason counts. */
  lost(reason: string): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    const { history, clock, run } = this.#context;
    const at = clock.now();
    history.add({ type: 'source_lost', at, source: 'loadgen', reason });
    // The last operations of the users were never reported.
    const fromAt = Math.max(run.startedAt, this.#startedAt, this.#options.view.loadSeenAt ?? 0);
    history.add({ type: 'gap', at, fromAt, toAt: at, reason });
    this.#options.onLost(reason);
  }
}
