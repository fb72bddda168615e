/**
 * A load generator with the music workload and a fake server, for tests: short backoff, direct
 * access to events.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncoreEvent, EventOf, LoadRunRequest } from '@encore/contracts';
import { type Clock, createLogger, createRegistry, EventLog, systemClock, waitUntil } from '@encore/kit';
import music from '@encore/workload-music';
import { Load } from '../load.ts';
import { createMetrics } from '../metrics.ts';
import { FakeServer } from './fake-server.ts';
import { inThread } from './in-thread.ts';

export const testRequest = {
  runId: 'test-1',
  seed: 7,
  users: 10,
  rampSeconds: 0.5,
  load: {
    mix: { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 },
    thinkSeconds: { min: 0.02, max: 0.06 },
    parameters: { byteBudgetPerSecond: 2_000_000, liveScoresPerUser: 5 },
    probesPerSecond: 10,
  },
} satisfies LoadRunRequest;

export class LoadBench implements AsyncDisposable {
  readonly fake: FakeServer;
  readonly runsDir: string;
  readonly events = new EventLog();
  readonly #received: EncoreEvent[] = [];
  #lastSeq = 0;
  readonly metrics = createMetrics(createRegistry('loadgen'), Object.keys(music.operations));
  readonly load: Load;

  private constructor(fake: FakeServer, runsDir: string, clock: Clock) {
    this.fake = fake;
    this.runsDir = runsDir;
    this.load = new Load({
      workload: import.meta.resolve('@encore/workload-music'),
      startThread: inThread(clock),
      targetUrl: fake.url,
      runsDir,
      clock,
      logger: createLogger('loadgen', 'silent'),
      metrics: this.metrics,
      events: this.events,
      backoffMs: [20, 50],
    });
  }

  static async open(clock: Clock = systemClock): Promise<LoadBench> {
    return new LoadBench(await FakeServer.start(), await mkdtemp(join(tmpdir(), 'encore-load-')), clock);
  }

  get ledgerPath(): string {
    return join(this.runsDir, 'test-1', 'ledger.ndjson');
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

  async operationsDone(count: number): Promise<void> {
    await waitUntil(`${count} operations`, () => this.load.status().operations >= count, { timeoutMs: 60_000 });
  }

  async readBack(final: boolean): Promise<EventOf<'read_back_done'>> {
    const before = this.ofType('read_back_done').length;
    this.load.startReadBack(final);
    return waitUntil('the read-back', () => this.ofType('read_back_done')[before], { timeoutMs: 10_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
    await this.fake[Symbol.asyncDispose]();
    await rm(this.runsDir, { recursive: true, force: true });
  }
}
