/** A load generator in this process with direct access to its events, for tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncoreEvent, EventOf, LoadRunRequest } from '@encore/contracts';
import { createLogger, createRegistry, EventLog, systemClock, waitUntil } from '@encore/kit';
import { Load, type LoadOptions } from '../load.ts';
import { createMetrics } from '../metrics.ts';

type Options = Pick<LoadOptions, 'workload' | 'targetUrl'> &
  Partial<Pick<LoadOptions, 'clock' | 'startThread' | 'backoffMs'>> & {
    /** The operations that its metrics show from the start. */
    operations?: readonly string[];
  };

const renewEveryMs = 1_000;

export class TestLoad implements AsyncDisposable {
  readonly load: Load;
  readonly runsDir: string;
  readonly events = new EventLog();
  readonly metrics;
  readonly #received: EncoreEvent[] = [];
  #lastSeq = 0;
  #renewing: NodeJS.Timeout | undefined;

  protected constructor(runsDir: string, { operations = [], ...options }: Options) {
    this.runsDir = runsDir;
    this.metrics = createMetrics(createRegistry('loadgen'), operations);
    this.load = new Load({
      clock: systemClock,
      backoffMs: [20, 50],
      ...options,
      runsDir,
      logger: createLogger('loadgen', 'silent'),
      metrics: this.metrics,
      events: this.events,
    });
  }

  static async of(options: Options): Promise<TestLoad> {
    return new TestLoad(await newRunsDir(), options);
  }

  /** Starts a run and keeps its lease. */
  async start(request: LoadRunRequest): Promise<void> {
    await this.load.start(request);
    const renew = () => this.load.status().state === 'running' && this.load.renew(request.runId);
    this.#renewing = setInterval(renew, renewEveryMs);
  }

  all(): readonly EncoreEvent[] {
    for (;;) {
      const page = this.events.page(this.events.instanceId, this.#lastSeq).events;
      if (page.length === 0) return this.#received;
      this.#received.push(...page.map(({ event }) => event));
      this.#lastSeq = page.at(-1)?.seq ?? this.#lastSeq;
    }
  }

  ofType<Type extends EncoreEvent['type']>(type: Type): EventOf<Type>[] {
    return this.all().filter((event): event is EventOf<Type> => event.type === type);
  }

  /** Failed attempts, without those that the end of the run cancelled. */
  failedAttempts(): EventOf<'attempt_failed'>[] {
    return this.ofType('attempt_failed').filter(({ outcome }) => outcome !== 'cancelled_at_end');
  }

  /** If the load ends before, the message of the timeout states why. */
  async operationsDone(count: number): Promise<void> {
    const areDone = () => {
      const { operations, runId } = this.load.status();
      if (operations < count) this.load.renew(runId ?? '');
      return operations >= count;
    };
    await waitUntil(`${count} operations`, areDone, { timeoutMs: 100_000 });
  }

  async readBack(final: boolean): Promise<EventOf<'read_back_done'>> {
    const before = this.ofType('read_back_done').length;
    this.load.startReadBack(final);
    const done = () => {
      const { readBackFailure } = this.load.status();
      if (readBackFailure !== null) throw new Error(`the read-back failed: ${readBackFailure}`);
      return this.ofType('read_back_done')[before];
    };
    return waitUntil('the read-back', done, { timeoutMs: 60_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    await this.load[Symbol.asyncDispose]();
    await rm(this.runsDir, { recursive: true, force: true });
  }
}

export function newRunsDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'encore-load-'));
}
