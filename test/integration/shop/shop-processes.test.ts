/**
 * The weakness of examples/shop and its fix, without Docker: the load generator runs the shop's
 * workload while its database restarts.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EncoreEvent, EventOf } from '@encore/contracts';
import { createLogger, createRegistry, EventLog, systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { Load } from '../../../services/loadgen/src/load.ts';
import { createMetrics } from '../../../services/loadgen/src/metrics.ts';
import { startPostgres } from '../../support/postgres.ts';
import { ShopFolder, ShopProcesses } from '../../support/shop.ts';

const request = {
  runId: 'shop',
  seed: 7,
  users: 5,
  rampSeconds: 0.5,
  load: {
    mix: { browse: 3, order: 2, look: 3 },
    thinkSeconds: { min: 0.05, max: 0.1 },
    parameters: {},
    probesPerSecond: 10,
  },
};

/** The load generator with the workload of a shop. */
class ShopLoad implements AsyncDisposable {
  readonly load: Load;
  readonly #events = new EventLog();
  readonly #runsDir: string;
  readonly #received: EncoreEvent[] = [];
  #lastSeq = 0;

  private constructor(folder: ShopFolder, targetUrl: string, runsDir: string) {
    this.#runsDir = runsDir;
    this.load = new Load({
      workload: pathToFileURL(folder.file('encore-workload/encore.workload.yaml')).href,
      targetUrl,
      runsDir,
      clock: systemClock,
      logger: createLogger('loadgen', 'silent'),
      metrics: createMetrics(createRegistry('loadgen'), Object.keys(request.load.mix)),
      events: this.#events,
      backoffMs: [100, 300],
    });
  }

  static async start(folder: ShopFolder, { url }: ShopProcesses): Promise<ShopLoad> {
    const shopLoad = new ShopLoad(folder, url, await mkdtemp(join(tmpdir(), 'encore-shop-runs-')));
    await shopLoad.load.start(request);
    return shopLoad;
  }

  ofType<Type extends EncoreEvent['type']>(type: Type): EventOf<Type>[] {
    for (;;) {
      const page = this.#events.page(this.#events.instanceId, this.#lastSeq).events;
      if (page.length === 0) break;
      this.#received.push(...page.map(({ event }) => event));
      this.#lastSeq = page.at(-1)?.seq ?? this.#lastSeq;
    }
    return this.#received.filter((event): event is EventOf<Type> => event.type === type);
  }

  async operationsDone(more: number): Promise<void> {
    const count = this.load.status().operations + more;
    await waitUntil(`${count} operations`, () => this.load.status().operations >= count, { timeoutMs: 60_000 });
  }

  /** Outcomes of the probes of the next whole second that begins from now on. */
  async nextProbes(): Promise<string[]> {
    const now = Date.now();
    const second = await waitUntil(
      'a second of probes',
      () => this.ofType('probe_second').find(({ probes }) => (probes[0]?.dueAt ?? 0) > now),
      { timeoutMs: 20_000 },
    );
    return [...new Set(second.probes.map(({ outcome }) => outcome))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
    await rm(this.#runsDir, { recursive: true, force: true });
  }
}

describe('examples/shop as processes', function () {
  this.timeout(180_000);

  it('does not recover from a restart of its database', async () => {
    using folder = new ShopFolder();
    await using postgres = await startPostgres();
    await using shop = await ShopProcesses.start(folder, postgres.url);
    await using users = await ShopLoad.start(folder, shop);
    await users.operationsDone(30);
    assert.deepEqual(await users.nextProbes(), ['ok'], shop.log);
    await postgres.stop();
    await postgres.start();
    assert.deepEqual(await users.nextProbes(), ['server_error']);
    await users.load.stop();
    assert.equal(await shop.isHealthy(), false);
    assert.match(shop.log, /^database: Connection terminated unexpectedly$/m);
  });

  it('recovers with the one line that its comment names, and loses no order', async () => {
    using folder = new ShopFolder();
    folder.fix();
    await using postgres = await startPostgres();
    await using shop = await ShopProcesses.start(folder, postgres.url);
    await using users = await ShopLoad.start(folder, shop);
    await users.operationsDone(30);
    await postgres.stop();
    assert.deepEqual(await users.nextProbes(), ['server_error'], 'the database is down');
    await postgres.start();
    assert.deepEqual(await users.nextProbes(), ['ok'], shop.log);
    await users.operationsDone(30);
    await users.load.stop();
    const [summary] = users.ofType('load_summary');
    assert.deepEqual(Object.keys(summary?.operations ?? {}).sort(), ['browse', 'look', 'order']);
    users.load.startReadBack(true);
    const done = await waitUntil('the read-back', () => users.ofType('read_back_done')[0], { timeoutMs: 30_000 });
    assert.ok(done.acknowledged > 10);
    const { readBack, lost, corrupt, duplicate } = done;
    assert.deepEqual(
      { readBack, lost, corrupt, duplicate },
      { readBack: done.acknowledged, lost: 0, corrupt: 0, duplicate: 0 },
    );
  });
});
