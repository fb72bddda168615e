import assert from 'node:assert/strict';
import { systemSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { processFileSchema } from '../encore-file/encore-file.ts';
import { describeProcesses, namedAddresses, proxyRunner } from './describe-processes.ts';

const { system } = processFileSchema.parse({
  system: {
    entry: 'api:80',
    recoveryOf: 'api',
    processes: {
      api: {
        command: ['api'],
        health: { ready: 'http://api/ready?deep', live: 'http://localhost:9000/live' },
        limits: { memoryMegabytes: 64 },
      },
      db: { command: ['db'], allowedKinds: ['crash', 'freeze'], supervise: true },
    },
    proxies: { 'api:80': { probe: 'http' }, 'db:5432': { probe: 'none', allowedKinds: ['connection-refused'] } },
  },
});

const addresses = {
  proxyApi: 'http://127.0.0.1:8074',
  ports: { 'api:80': { listen: 8000, upstream: 8001 }, 'db:5432': { listen: 8002, upstream: 5432 } },
};

describe('describeProcesses', () => {
  it('has the addresses of this machine, and one container that runs all proxies', () => {
    const described = describeProcesses(system, addresses, {});
    assert.ok(described.ok);
    assert.deepEqual(systemSchema.parse(described.system), described.system);
    const { containers, proxies } = described.system;
    assert.deepEqual(containers['api']?.health, {
      ready: 'http://127.0.0.1:8001/ready?deep',
      live: 'http://127.0.0.1:9000/live',
    });
    assert.equal(containers[proxyRunner]?.proxyApi, 'http://127.0.0.1:8074');
    assert.deepEqual(
      Object.values(proxies).map(({ runsIn, listen, upstream }) => [runsIn, listen, upstream]),
      [
        [proxyRunner, '127.0.0.1:8000', '127.0.0.1:8001'],
        [proxyRunner, '127.0.0.1:8002', '127.0.0.1:5432'],
      ],
    );
    assert.deepEqual(containers['db']?.crash, { signal: 'SIGKILL' });
  });

  it('allows what is possible on a process, and gives the reason for the rest', () => {
    const described = describeProcesses(system, namedAddresses(system), {
      partition: 'no network of its own',
      'memory-pressure': 'use Docker',
    });
    assert.ok(described.ok);
    const { containers, proxies } = described.system;
    const { allowedKinds = [] } = containers['api'] ?? {};
    for (const kind of ['crash', 'outage', 'freeze', 'memory-cap'] as const)
      assert.ok(allowedKinds.includes(kind), kind);
    for (const kind of ['cpu-throttle', 'partition', 'hang'] as const) assert.ok(!allowedKinds.includes(kind), kind);
    assert.deepEqual(containers['db']?.allowedKinds, ['crash', 'freeze']);
    assert.deepEqual(proxies['db:5432']?.allowedKinds, ['connection-refused']);
    const reasons = described.impossible['api'] ?? {};
    assert.equal(reasons.partition, 'no network of its own');
    assert.equal(reasons['cpu-throttle'], 'it has no CPU limit to restore; set limits.cpus');
    // Docker would not help: it is impossible in every project but the bundled lab.
    assert.match(reasons['memory-pressure'] ?? '', /only the bundled server/);
  });

  it('refuses a listed kind that is impossible here', () => {
    const described = describeProcesses(system, namedAddresses(system), { freeze: 'no signals' });
    assert.deepEqual(described, {
      ok: false,
      problems: ['system.processes.db.allowedKinds: freeze is impossible: no signals'],
    });
  });
});
