import assert from 'node:assert/strict';
import type { System } from '@encore/contracts';
import { describe, it } from 'mocha';
import { containerNames, containerOf, healthOf, replicasOf, runsProxies } from './system.ts';

const system: System = {
  recoveryOf: 'api',
  entry: 'api:80',
  containers: {
    api: { allowedKinds: ['crash'], unsupported: {}, replicas: 2, health: { ready: 'http://lab-api-{n}:81/ready' } },
    constructor: { allowedKinds: [], unsupported: {}, replicas: 1 },
    proxy: { allowedKinds: [], unsupported: {}, replicas: 1 },
  },
  proxies: {
    'api:80': {
      allowedKinds: ['latency'],
      unsupported: {},
      runsIn: 'proxy',
      listen: '0.0.0.0:80',
      upstream: 'api:80',
      probe: 'http',
    },
  },
};

describe('system description', () => {
  it('names each replica, and a single container by its own name', () => {
    assert.deepEqual(containerNames(system), ['api#1', 'api#2', 'constructor', 'proxy']);
    assert.deepEqual(replicasOf(system, 'constructor'), ['constructor']);
  });

  it('has one health URL per replica', () => {
    assert.deepEqual(
      [...healthOf(system)],
      [
        ['api#1', { ready: 'http://lab-api-1:81/ready' }],
        ['api#2', { ready: 'http://lab-api-2:81/ready' }],
      ],
    );
  });

  it('knows which container runs a target', () => {
    assert.deepEqual(
      ['api:80', 'api#2', 'proxy'].map((target) => containerOf(system, target)),
      ['proxy', 'api#2', 'proxy'],
    );
    assert.deepEqual(
      ['proxy', 'api', 'constructor'].map((name) => runsProxies(system, name)),
      [true, false, false],
    );
  });
});
