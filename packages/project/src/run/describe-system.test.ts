import assert from 'node:assert/strict';
import { systemSchema } from '@encore/contracts';
import { describe, it } from 'mocha';
import { encoreFileSchema } from '../encore-file/encore-file.ts';
import { generate, resolvedProject } from '../testing/resolved-project.ts';
import { type DescribedSystem, describeSystem } from './describe-system.ts';

const user = resolvedProject({
  api: { container_name: 'front', mem_limit: '268435456', cpus: '0.5' },
  db: {},
  cache: {},
});
const own = (change: Record<string, unknown> = {}) =>
  encoreFileSchema.parse({
    system: {
      entry: 'api:8000',
      recoveryOf: 'api',
      containers: { api: { health: { ready: 'http://front:8001/ready?deep=1' } }, db: {}, cache: {} },
      proxies: { 'api:8000': { probe: 'http' }, 'db:5432': { probe: 'postgres' }, 'cache:11211': { probe: 'none' } },
      ...change,
    },
  }).system;
const generated = generate(user, {
  proxied: { api: [8000], db: [5432], cache: [11_211] },
  targets: { api: 1, db: 1, cache: 1 },
});

function described(change?: Record<string, unknown>): DescribedSystem {
  const result = describeSystem(own(change), user, generated);
  assert.ok(result.ok, result.ok ? '' : result.problems.join('\n'));
  return result;
}

describe('description of a user’s system', () => {
  it('leads each proxy from the sidecar to the renamed service', () => {
    const { system } = described();
    systemSchema.parse(system);
    assert.deepEqual(system.proxies['db:5432'], {
      allowedKinds: ['latency', 'jitter', 'timeout', 'reset-peer', 'connection-refused'],
      unsupported: {},
      runsIn: 'db-sidecar',
      listen: '0.0.0.0:5432',
      upstream: 'db-target:5432',
      probe: 'postgres',
    });
    assert.equal(system.containers['db-sidecar']?.proxyApi, 'http://db-sidecar:8474');
    assert.equal(generated.project.services['db']?.labels?.['encore.target'], 'db-sidecar');
  });

  it('checks health bypassing the sidecar, by any name of the service', () => {
    assert.equal(described().system.containers['api']?.health?.ready, 'http://api-target:8001/ready?deep=1');
  });

  it('finds a service whose name has capitals by its health URL', () => {
    const named = resolvedProject({ 'My.Notes_API': {} });
    const project = generate(named, { proxied: { 'My.Notes_API': [4000] }, targets: { 'My.Notes_API': 1 } });
    const system = own({
      entry: 'My.Notes_API:4000',
      recoveryOf: 'My.Notes_API',
      containers: { 'My.Notes_API': { health: { ready: 'http://My.Notes_API:4000/ready' } } },
      proxies: { 'My.Notes_API:4000': { probe: 'http' } },
    });
    const result = describeSystem(system, named, project);
    assert.ok(result.ok, result.ok ? '' : result.problems.join());
    const target = project.renamed['My.Notes_API'] ?? '';
    assert.equal(result.system.containers['My.Notes_API']?.health?.ready, `http://${target}:4000/ready`);
  });

  it('narrows "all" to what is possible, each other kind with its reason', () => {
    const { system, impossible } = described();
    const { api, db, cache } = system.containers;
    assert.deepEqual(api?.allowedKinds, [
      ...['crash', 'outage', 'restart', 'slow-start', 'freeze', 'memory-cap', 'cpu-throttle', 'partition'],
    ]);
    assert.deepEqual(db?.allowedKinds, ['crash', 'outage', 'restart', 'slow-start', 'freeze', 'partition']);
    assert.deepEqual(cache?.allowedKinds, ['crash', 'outage', 'restart', 'slow-start', 'freeze']);
    assert.deepEqual(system.proxies['cache:11211']?.allowedKinds, ['connection-refused']);
    assert.match(impossible['db']?.['memory-cap'] ?? '', /no memory limit/);
    assert.match(impossible['cache']?.partition ?? '', /no proxy with a probe/);
    assert.match(impossible['cache:11211']?.latency ?? '', /probe none/);
  });

  it('refuses a kind that is listed and impossible, and a health URL that points nowhere', () => {
    const containers = {
      api: { health: { ready: 'http://localhost:8001/' } },
      db: { allowedKinds: ['crash', 'memory-cap'] },
      cache: {},
    };
    const result = describeSystem(own({ containers }), user, generated);
    assert.deepEqual(
      (result.ok ? [] : result.problems).map((problem) => problem.split(/[:;] /).slice(0, 2).join(': ')),
      [
        'system.containers.api.health.ready: localhost is not a service of the Compose project',
        'system.containers.db.allowedKinds: memory-cap is impossible',
      ],
    );
  });

  it('addresses each replica by the name of its container', () => {
    const scaled = resolvedProject({ api: { scale: 2 } });
    const project = generate(scaled, { proxied: { api: [8000] }, targets: { api: 2 } });
    const containers = { api: { replicas: 2, health: { ready: 'http://api:8001/ready' } } };
    const result = describeSystem(own({ containers, proxies: { 'api:8000': { probe: 'http' } } }), scaled, project);
    const { health, allowedKinds } = (result.ok ? result.system.containers['api'] : undefined) ?? {};
    assert.equal(health?.ready, 'http://shop-encore-r1-api-target-{n}:8001/ready');
    assert.ok(!allowedKinds?.includes('partition'));
  });
});
