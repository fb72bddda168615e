import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { kindRefusal } from './kind-refusal.ts';

const system = {
  containers: {
    api: { allowedKinds: ['crash' as const], replicas: 2, supervise: true },
    constructor: { allowedKinds: [], replicas: 1, supervise: true },
    proxy: { allowedKinds: [], replicas: 1, supervise: true },
  },
  proxies: {
    'api:80': { allowedKinds: ['latency' as const], runsIn: 'proxy' },
    // As `allowedKinds: all` lists them.
    'db:5432': { allowedKinds: ['latency' as const, 'crash' as const], runsIn: 'proxy' },
  },
};

describe('refusal of a kind', () => {
  it('permits a kind on a container, on its replicas and on nothing else', () => {
    for (const target of ['api', 'api#1', 'api#2']) assert.equal(kindRefusal(system, target, 'crash'), null, target);
    for (const target of ['api#3', 'api:80', 'toString'])
      assert.equal(
        kindRefusal(system, target, 'crash'),
        `crash cannot target ${target}; it acts on a container, and these allow it: api`,
      );
    assert.equal(kindRefusal(system, 'proxy', 'crash'), 'proxy does not allow crash; these do: api');
    assert.equal(kindRefusal(system, 'api', 'freeze'), 'freeze cannot target api; no target of the system allows it');
  });
});
