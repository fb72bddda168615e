/** Attributes delays to the server or the generator. Users run in virtual time. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type Clock, createRegistry, Random, systemClock } from '@encore/kit';
import music from '@encore/workload-music';
import { describe, it } from 'mocha';
import type { Dispatcher } from 'undici';
import type { Ledger } from './ledger.ts';
import { createMetrics } from './metrics.ts';
import { Probe } from './probe.ts';
import { testTransport } from './testing/test-operation.ts';
import type { OperationRecord } from './worker/reporter.ts';
import { VirtualUser } from './worker/virtual-user.ts';

interface Costs {
  /** Duration of each request. */
  serverMs: number;
  /** Duration of each ledger entry. */
  diskMs: number;
  /** Delay of each timer. */
  oversleepMs: number;
}

interface Seen {
  lateMs: number[];
  ended: OperationRecord[];
  skipped: number;
}

const operations = 200;
const thinkSeconds = { min: 0.5, max: 3 };

/** Runs one user, whose creates are all refused, for 200 planned operations. */
async function runUser({ serverMs, diskMs, oversleepMs }: Costs): Promise<Seen> {
  let nowMs = 1_000_000;
  const clock: Clock = {
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms + oversleepMs;
    },
  };
  const seen: Seen = { lateMs: [], ended: [], skipped: 0 };
  const stopping = new AbortController();
  const stopWhenDone = (): void => {
    if (seen.ended.length + seen.skipped >= operations) stopping.abort();
  };
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"error":{"code":"NO","message":"no","definite":true}}');
  }
  const dispatcher = {
    request: async () => {
      nowMs += serverMs;
      return { statusCode: 400, headers: {}, body: body() };
    },
  } as unknown as Dispatcher;
  const record = async () => {
    nowMs += diskMs;
  };
  const mix = { create: 1, analyze: 0, modify: 0, export: 0, heavy: 0 };
  const user = new VirtualUser(1, new Random(5), {
    workload: music,
    run: {
      runId: 'test-1',
      seed: 5,
      users: 1,
      mix,
      thinkSeconds,
      parameters: { byteBudgetPerSecond: 1_000, liveScoresPerUser: 5 },
    },
    transport: testTransport(dispatcher, { clock, errors: music.errors }),
    record,
    stopping: stopping.signal,
    reporter: {
      attemptEnded: () => {},
      operationEnded: (record) => {
        seen.ended.push(record);
        stopWhenDone();
      },
      operationSkipped: () => {
        seen.skipped += 1;
        stopWhenDone();
      },
      started: (lateMs) => void seen.lateMs.push(lateMs),
    },
    workloadFailed: (where, error) => assert.fail(`${where}: ${String(error)}`),
  });
  await user.run(nowMs);
  return seen;
}

const lateStarts = ({ lateMs }: Seen) => lateMs.filter((ms) => ms > 100).length / lateMs.length;
const meanResponseMs = ({ ended }: Seen) =>
  ended.reduce((sum, { dueAt, endedAt }) => sum + endedAt - dueAt, 0) / ended.length;

describe('attribution of delays', () => {
  it('finds no late start with a fast server and a fast generator', async () => {
    const seen = await runUser({ serverMs: 20, diskMs: 2, oversleepMs: 0 });
    assert.deepEqual([lateStarts(seen), seen.skipped, seen.ended.length], [0, 0, operations]);
    assert.ok(meanResponseMs(seen) < 25, `${meanResponseMs(seen)} ms`);
  });

  it('attributes a slow server to the server', async () => {
    for (const serverMs of [1_500, 4_000, 25_000]) {
      const seen = await runUser({ serverMs, diskMs: 2, oversleepMs: 0 });
      assert.equal(lateStarts(seen), 0, `server responds in ${serverMs} ms`);
      assert.ok(meanResponseMs(seen) > serverMs, `${meanResponseMs(seen)} ms`);
      // At most 10 s late, plus the pause before the operation.
      assert.ok(seen.ended.every(({ dueAt, startedAt }) => startedAt - dueAt < 12_000));
      if (serverMs > 3_000) assert.ok(seen.skipped > operations / 4, `${seen.skipped} skipped`);
    }
  });

  it('attributes late timers to the generator', async () => {
    const seen = await runUser({ serverMs: 20, diskMs: 2, oversleepMs: 300 });
    assert.ok(lateStarts(seen) > 0.9, `${lateStarts(seen)} late`);
  });

  it('attributes a slow disk to the generator', async () => {
    const seen = await runUser({ serverMs: 20, diskMs: 4_000, oversleepMs: 0 });
    assert.ok(lateStarts(seen) > 0.9, `${lateStarts(seen)} late`);
  });
});

describe('a probe delayed by the generator', () => {
  /** Returns the outcomes of the first probes, with this request function. */
  async function probesOf(
    request: () => Promise<unknown>,
    clock = realClock,
    dueAt = clock.now(),
  ): Promise<{ outcomes: string[]; lateStarts: number }> {
    const stopping = new AbortController();
    const outcomes: string[] = [];
    let lateStarts = 0;
    const probe = new Probe({
      runId: 'test-1',
      perSecond: 1,
      dispatcher: { request } as unknown as Dispatcher,
      clock,
      ledger: { write: async () => {} } as unknown as Ledger,
      metrics: createMetrics(createRegistry('loadgen'), []),
      errors: music.errors,
      requests: async () => ({ request: { method: 'GET', path: '/' } }),
      add: (event) => {
        if (event.type === 'probe_second') outcomes.push(...event.probes.map(({ outcome }) => outcome));
      },
      started: (lateMs) => {
        lateStarts += lateMs > 100 ? 1 : 0;
        stopping.abort();
      },
    });
    await probe.run(dueAt, stopping.signal);
    return { outcomes, lateStarts };
  }
  const realClock: Clock = { now: () => performance.now(), sleep: async () => {} };
  const unanswered = ({ signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('counts as not started if its deadline fires late', async () => {
    const request = (options: { signal: AbortSignal }) => {
      for (const until = performance.now() + 1_300; performance.now() < until; );
      return unanswered(options);
    };
    assert.deepEqual((await probesOf(request as () => Promise<unknown>)).outcomes, ['not_started']);
  });

  it('has a full second after a late start', async () => {
    const body = Readable.from([Buffer.from('{}')]);
    const request = async () => {
      await systemClock.sleep(600);
      return { statusCode: 503, headers: {}, body };
    };
    const { outcomes, lateStarts } = await probesOf(request, realClock, realClock.now() - 700);
    assert.deepEqual([outcomes, lateStarts], [['server_error'], 1]);
  });

  it('counts as a missed deadline if only the server was slow', async () => {
    // With a stopped clock no timer is late, however busy the machine is.
    const { outcomes } = await probesOf(unanswered as () => Promise<unknown>, { ...realClock, now: () => 0 });
    assert.deepEqual(outcomes, ['deadline']);
  });
});
