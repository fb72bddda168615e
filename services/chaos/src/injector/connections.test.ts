import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { System } from '@encore/contracts';
import { describe, it } from 'mocha';
import { FakeEngine } from '../testing/fake-engine.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type Connected, type Connection, connectionsIn, readConnections, usesOf } from './connections.ts';
import { label } from './engine.ts';
import { Targets } from './targets.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const container = { allowedKinds: [], unsupported: {}, replicas: 1 };
const system: System = {
  entry: 'api:80',
  recoveryOf: 'api',
  containers: { api: container, db: container, 'api-sidecar': container, 'db-sidecar': container },
  proxies: Object.fromEntries(
    [
      ['api', 80],
      ['db', 5432],
    ].map(([name, port]) => [
      `${name}:${port}`,
      {
        ...container,
        runsIn: `${name}-sidecar`,
        listen: `0.0.0.0:${port}`,
        upstream: `${name}-target:${port}`,
        probe: 'none',
      },
    ]),
  ),
};

/** Addresses by the name of the target or service. */
const addresses: Record<string, string> = {
  api: '10.0.0.2',
  'api-sidecar': '10.0.0.3',
  db: '10.0.0.4',
  'db-sidecar': '10.0.0.5',
  worker: '10.0.0.6',
  chaos: '10.0.0.7',
  loadgen: '10.0.0.8',
};
const engine = new FakeEngine(new VirtualClock());
const targets = new Targets(engine, 'lab', system);
const ephemeral = 40_000;
const to = (name: string, remotePort: number): Connection => ({
  localPort: ephemeral,
  remote: addresses[name] ?? name,
  remotePort,
});
const from = (name: string, localPort: number): Connection => ({
  localPort,
  remote: addresses[name] ?? name,
  remotePort: ephemeral,
});

function uses(connections: Record<string, Connection[]>): string[] {
  const all = Object.entries(addresses).map(([name, address]): Connected => {
    const labels = {
      [label.project]: 'lab',
      [label.service]: name,
      ...(name in system.containers && { [label.target]: name }),
      ...(['chaos', 'loadgen'].includes(name) && { [label.lab]: name }),
    };
    return { view: engine.add(name, labels, { addresses: [address] }), connections: connections[name] ?? [] };
  });
  return usesOf(all, targets).map(({ proxy, client, direct }) => `${client} ${direct ? 'past' : 'through'} ${proxy}`);
}

describe('connections to proxied ports', () => {
  it('show clients at either end, through a proxy and past it', () => {
    assert.deepEqual(uses({ worker: [to('db-sidecar', 5432)], 'api-sidecar': [from('loadgen', 80)] }).sort(), [
      'loadgen through api:80',
      'worker through db:5432',
    ]);
    // Whichever end closes first keeps the connection for a minute, the other forgets it.
    assert.deepEqual(uses({ worker: [to('db', 5432)] }), ['worker past db:5432']);
    assert.deepEqual(uses({ db: [from('worker', 5432), from('worker', 5432)] }), ['worker past db:5432']);
    assert.deepEqual(uses({ 'api-sidecar': [from('172.17.0.1', 80)] }), [
      'a client outside of the project through api:80',
    ]);
  });

  it('count no traffic of the lab, of a sidecar to its target, or of unknown addresses that bypass a proxy', () => {
    assert.deepEqual(
      uses({
        chaos: [to('db-sidecar', 5432), to('db', 5432)],
        'db-sidecar': [to('db', 5432), from('chaos', 5432)],
        db: [from('db-sidecar', 5432), from('10.9.9.9', 5432), from('db', 5432), from('worker', 9999)],
        worker: [to('db', 9999)],
      }),
      [],
    );
  });

  it('are read from the tables of the kernel, for both versions of IP', () => {
    const row = (local: string, remote: string) => `   0: ${local} ${remote} 01 00000000:00000000 00:00000000 0 0 0 1`;
    assert.deepEqual(
      connectionsIn(
        [
          head,
          row('0500000A:1538', '00000000:0000'), // a listener
          row('0500000A:1538', '0600000A:9C40'),
          row('0000000000000000FFFF00000500000A:1538', '0000000000000000FFFF00000600000A:9C40'),
          row('000000FD000000000000000005000000:1538', '000000FD000000000000000006000000:9C40'),
          '',
        ].join('\n'),
      ),
      ['10.0.0.6', '10.0.0.6', 'fd00::6'].map((remote) => ({ localPort: 5432, remote, remotePort: ephemeral })),
    );
  });

  it('are read of a process that belongs to the container, and of no other', async () => {
    const groups = readFileSync('/proc/self/cgroup', 'utf8');
    // As the engine names a control group after the container.
    const id = groups.trim().split('\n')[0]?.split(':').at(-1) ?? '';
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const found = await readConnections({ id, pid: process.pid });
    assert.ok(found?.some(({ remote, remotePort }) => remote === '127.0.0.1' && remotePort === port));
    assert.equal(await readConnections({ id: 'f00d', pid: process.pid }), null);
    assert.equal(await readConnections({ id: '', pid: 0 }), null);
    socket.destroy();
    server.close();
  });
});
