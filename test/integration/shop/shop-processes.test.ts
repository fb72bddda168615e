/**
 * The weakness of examples/shop and its fix, without Docker: the load generator runs the shop's
 * workload while its database restarts.
 */
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import type { Outcome } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { newRunsDir, TestLoad } from '../../../services/loadgen/src/testing/test-load.ts';
import { startPostgres } from '../../support/postgres.ts';
import { ShopFolder, ShopProcesses } from '../../support/shop.ts';

const request = {
  runId: 'shop',
  seed: 7,
  users: 5,
  rampSeconds: 0.5,
  load: {
    mix: { browse: 3, order: 2, look: 3 },
    thinkSeconds: { min: 0.2, max: 0.4 },
    parameters: {},
    probesPerSecond: 10,
  },
};

/** The load generator with the workload of a shop. */
class ShopLoad extends TestLoad {
  static async open(folder: ShopFolder, { url: targetUrl }: ShopProcesses): Promise<ShopLoad> {
    const workload = pathToFileURL(folder.file('encore-workload/encore.workload.yaml')).href;
    return new ShopLoad(await newRunsDir(), { workload, targetUrl, backoffMs: [100, 300] });
  }

  /** Waits for probes that were due from now on, and returns the outcomes of the first `count`. */
  async probes(count: number): Promise<Outcome[]> {
    const now = Date.now();
    const sent = () =>
      this.ofType('probe_second')
        .flatMap(({ probes }) => probes)
        .filter(({ dueAt, outcome }) => dueAt > now && outcome !== 'not_started');
    await waitUntil(`${count} probes`, () => sent().length >= count, { timeoutMs: 60_000 });
    return sent().map(({ outcome }) => outcome);
  }

  /** Waits for a probe with this outcome that was due from now on. */
  async probe(outcome: Outcome): Promise<void> {
    const now = Date.now();
    const isIt = (probe: { dueAt: number; outcome: Outcome }) => probe.dueAt > now && probe.outcome === outcome;
    const isThere = () => this.ofType('probe_second').some(({ probes }) => probes.some(isIt));
    await waitUntil(`a probe with the outcome ${outcome}`, isThere, { timeoutMs: 60_000 });
  }
}

describe('examples/shop as processes', function () {
  this.timeout(180_000);

  it('does not recover from a restart of its database', async () => {
    using folder = new ShopFolder();
    await using postgres = await startPostgres();
    await using shop = await ShopProcesses.start(folder, postgres.url);
    await using users = await ShopLoad.open(folder, shop);
    await users.start(request);
    await users.operationsDone(30);
    await users.probe('ok');
    await postgres.stop();
    await postgres.start();
    assert.ok(!(await users.probes(20)).includes('ok'));
    await users.load.stop();
    assert.equal(await shop.isHealthy(), false);
    assert.match(shop.log, /^database: Connection terminated unexpectedly$/m);
  });

  it('recovers with the one line that its comment names, and loses no order', async () => {
    using folder = new ShopFolder();
    folder.fix();
    await using postgres = await startPostgres();
    await using shop = await ShopProcesses.start(folder, postgres.url);
    await using users = await ShopLoad.open(folder, shop);
    await users.start(request);
    await users.operationsDone(30);
    // Clients leave while their requests wait: the probes do so after a second.
    postgres.signal('SIGSTOP');
    await users.probe('deadline');
    postgres.signal('SIGCONT');
    await users.probe('ok');
    await postgres.stop();
    await postgres.start();
    await users.probe('ok');
    await users.operationsDone(users.load.status().operations + 30);
    await users.load.stop();
    const [summary] = users.ofType('load_summary');
    assert.deepEqual(Object.keys(summary?.operations ?? {}).sort(), ['browse', 'look', 'order']);
    const done = await users.readBack(true);
    assert.ok(done.acknowledged > 10);
    const { readBack, lost, corrupt, duplicate } = done;
    assert.deepEqual(
      { readBack, lost, corrupt, duplicate },
      { readBack: done.acknowledged, lost: 0, corrupt: 0, duplicate: 0 },
    );
  });
});
