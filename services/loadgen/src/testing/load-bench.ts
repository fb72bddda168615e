/** A load generator with the music workload and a fake server, for tests. */
import { join } from 'node:path';
import type { LoadRunRequest } from '@encore/contracts';
import { type Clock, systemClock } from '@encore/kit';
import music from '@encore/workload-music';
import { FakeServer } from './fake-server.ts';
import { inThread } from './in-thread.ts';
import { newRunsDir, TestLoad } from './test-load.ts';

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

export class LoadBench extends TestLoad {
  readonly fake: FakeServer;

  private constructor(fake: FakeServer, runsDir: string, clock: Clock) {
    super(runsDir, {
      workload: import.meta.resolve('@encore/workload-music'),
      targetUrl: fake.url,
      operations: Object.keys(music.operations),
      clock,
      startThread: inThread(clock),
    });
    this.fake = fake;
  }

  static async open(clock: Clock = systemClock): Promise<LoadBench> {
    return new LoadBench(await FakeServer.start(), await newRunsDir(), clock);
  }

  get ledgerPath(): string {
    return join(this.runsDir, 'test-1', 'ledger.ndjson');
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.fake[Symbol.asyncDispose]();
  }
}
