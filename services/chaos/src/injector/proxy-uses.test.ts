import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { events, run, startedLab } from '../testing/started-lab.ts';
import { label } from './engine.ts';

describe('uses of the proxies', () => {
  it('are recorded once per client and run, and looked for only where connections are visible', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'worker' };
    Object.assign(lab.engine.add('worker', labels), { addresses: ['10.0.0.6'] });
    let reads = 0;
    lab.readConnections = async ({ id }) => {
      reads += 1;
      const isProxy = id === lab.container('toxiproxy').id;
      return isProxy ? [{ localPort: 5432, remote: '10.0.0.6', remotePort: 40_000 }] : [];
    };
    await lab.clock.advance(11_000);
    const uses = events(injector, 'proxy_used').map(({ client, proxy, direct }) => [client, proxy, direct]);
    assert.deepEqual(uses, [['worker', 'postgres:5432', false]]);
    const ofProject = lab.engine.containers.size - 1;
    assert.equal(reads, 2 * ofProject);
    lab.readConnections = async () => {
      reads += 1;
      return null;
    };
    await lab.clock.advance(21_000);
    assert.equal(reads, 3 * ofProject, 'it looked once more');
    stop.abort();
  });

  it('of a container that has crashed are its own, although it has no address any more', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'worker' };
    const worker = Object.assign(lab.engine.add('worker', labels), { addresses: ['10.0.0.6'] });
    lab.readConnections = async () => [];
    await lab.clock.advance(11_000);
    worker.addresses = [];
    lab.readConnections = async ({ id }) =>
      id === lab.container('toxiproxy').id ? [{ localPort: 5432, remote: '10.0.0.6', remotePort: 40_000 }] : [];
    await lab.clock.advance(11_000);
    const uses = events(injector, 'proxy_used').map(({ client, proxy, direct }) => [client, proxy, direct]);
    assert.deepEqual(uses, [['worker', 'postgres:5432', false]]);
    stop.abort();
  });

  it('are recorded again in the next run of the same process', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const isProxy = (id: string) => id === lab.container('toxiproxy').id;
    lab.readConnections = async ({ id }) =>
      isProxy(id) ? [{ localPort: 8_000, remote: '10.0.0.7', remotePort: 40_000 }] : [];
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'worker' };
    Object.assign(lab.engine.add('worker', labels), { addresses: ['10.0.0.7'] });
    await lab.clock.advance(6_000);
    const before = events(injector, 'proxy_used').length;
    renew.on = false;
    await lab.clock.until(injector.lease.end(run.runId));
    await lab.clock.until(injector.lease.claim({ ...run, runId: 'run-2', ttlMs: 60_000 }));
    await lab.clock.advance(6_000);
    assert.deepEqual([before, events(injector, 'proxy_used').length], [1, 2]);
    stop.abort();
  });
});
