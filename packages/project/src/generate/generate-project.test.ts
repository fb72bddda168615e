import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Service } from '../compose/compose-model.ts';
import { generate, resolvedProject } from '../testing/resolved-project.ts';

const db = { proxied: { db: [5432] } };

/** A service of the generated project. */
function serviceOf(generated: ReturnType<typeof generate>, name: string): Service {
  const service = generated.project.services[name];
  assert.ok(service, `no service ${name}, but ${Object.keys(generated.project.services).join(', ')}`);
  return service;
}

describe('generateProject', () => {
  it('gives each run a project of its own and drops every name that is shared between projects', () => {
    const { project } = generate(
      resolvedProject(
        { db: { container_name: 'the-db', volumes: [{ type: 'volume', source: 'data', target: '/data' }] } },
        {
          volumes: { data: { name: 'shop_data' } },
          secrets: { key: { name: 'shop_key', file: '/k' } },
          configs: { site: { name: 'shop_site', content: 'x' } },
        },
      ),
    );
    assert.equal(project.name, 'shop-encore-r1');
    assert.equal(project.services['db']?.container_name, undefined);
    for (const entries of [project.networks, project.volumes, project.secrets, project.configs])
      for (const entry of Object.values(entries)) assert.equal(entry.name, undefined);
  });

  it('labels everything that teardown removes with the id of the run', () => {
    const { project } = generate(
      resolvedProject({ db: { build: { context: '/home/user/shop' } } }, { volumes: { data: null } }),
      db,
    );
    const labelled = [project.networks, project.volumes, project.services].flatMap((entries) => Object.values(entries));
    assert.equal(labelled.length, 5);
    for (const { labels } of labelled) assert.equal(labels?.['encore.run'], 'r1');
    assert.equal(project.services['db-target']?.build?.labels?.['encore.run'], 'r1');
  });

  it('lets the sidecar take over name, aliases, container name, host name and fixed addresses', () => {
    const generated = generate(
      resolvedProject(
        {
          db: {
            container_name: 'the-db',
            hostname: 'dbhost',
            domainname: 'example.org',
            networks: {
              back: { aliases: ['store'], ipv4_address: '10.5.0.9', ipv6_address: 'fd00::9', priority: 7 },
              front: null,
            },
          },
        },
        { networks: { back: null, front: null } },
      ),
      db,
    );
    const names = ['the-db', 'dbhost', 'dbhost.example.org'];
    assert.deepEqual(serviceOf(generated, 'db').networks, {
      back: { aliases: ['store', ...names], ipv4_address: '10.5.0.9', ipv6_address: 'fd00::9' },
      front: { aliases: names },
      'encore-control': { aliases: ['db-sidecar'] },
    });
    const target = serviceOf(generated, 'db-target');
    assert.deepEqual(target.networks, { back: { priority: 7 }, front: {} });
    assert.equal(target.hostname, 'db-target', 'the engine would publish the old host name');
    assert.deepEqual(generated.renamed, { db: 'db-target' });
  });

  it('clears the proxies of the Docker client for a sidecar, and for no service of the user', () => {
    const generated = generate(resolvedProject({ db: {} }), db);
    const { environment = {} } = serviceOf(generated, 'db');
    for (const name of ['HTTP_PROXY', 'https_proxy', 'ALL_PROXY']) assert.equal(Object(environment)[name], '');
    assert.equal(serviceOf(generated, 'db-target').environment, undefined);
  });

  it('binds the API of a sidecar to a name that only the control network knows', () => {
    const generated = generate(resolvedProject({ db: {} }), { proxied: { db: [8474, 8475] } });
    const { command, labels, networks } = serviceOf(generated, 'db');
    assert.deepEqual(
      command,
      ['-host=db-sidecar', '-port=8476', '-proxy-metrics'],
      'the API avoids the ports of the target',
    );
    assert.equal(labels?.['encore.sidecar.api'], 'http://db-sidecar:8476');
    assert.deepEqual(networks?.['encore-control'], { aliases: ['db-sidecar'] });
    assert.equal(generated.project.networks['encore-control']?.['internal'], true);
  });

  it('publishes every port on a free port of 127.0.0.1, at the sidecar if it is listed', () => {
    const ports = [
      { target: 5432, published: '5432', protocol: 'tcp', mode: 'ingress' },
      { target: 5432, published: '15432', protocol: 'tcp', mode: 'ingress' },
      { target: 5432, published: '5432', protocol: 'udp', mode: 'ingress' },
      { target: 9999, published: '8000-8010', protocol: 'tcp', host_ip: '0.0.0.0', mode: 'ingress' },
    ];
    const generated = generate(resolvedProject({ db: { ports }, other: { ports } }), db);
    const local = (target: number, protocol = 'tcp') => ({ target, protocol, mode: 'ingress', host_ip: '127.0.0.1' });
    assert.deepEqual(serviceOf(generated, 'db').ports, [local(5432)]);
    assert.deepEqual(serviceOf(generated, 'db-target').ports, [local(5432, 'udp'), local(9999)]);
    assert.deepEqual(serviceOf(generated, 'other').ports, [local(5432), local(5432, 'udp'), local(9999)]);
    assert.deepEqual(generated.published.slice(0, 4), [
      { port: 'db:5432/tcp', original: '0.0.0.0:5432', service: 'db' },
      { port: 'db:5432/tcp', original: '0.0.0.0:15432', service: 'db' },
      { port: 'db:5432/udp', original: '0.0.0.0:5432', service: 'db-target' },
      { port: 'db:9999/tcp', original: '0.0.0.0:8000-8010', service: 'db-target' },
    ]);
  });

  it('keeps the names of a service without a listed port', () => {
    const generated = generate(
      resolvedProject({
        worker: { container_name: 'the-worker', hostname: 'w', networks: { default: { aliases: ['a'] } } },
      }),
      { proxied: {} },
    );
    const worker = serviceOf(generated, 'worker');
    assert.deepEqual(worker.networks, { default: { aliases: ['a', 'the-worker'] } });
    assert.equal(worker.hostname, 'w');
    assert.deepEqual(Object.keys(generated.project.services), ['worker']);
    assert.deepEqual(Object.keys(generated.project.networks), ['default'], 'no control network without a sidecar');
  });

  it('waits for the target as before, and for its sidecar', () => {
    const dependsOn = (condition: string, more = {}) => ({ condition, required: true, ...more });
    const generated = generate(
      resolvedProject({
        api: {
          depends_on: {
            db: dependsOn('service_healthy', { restart: true }),
            cache: dependsOn('service_started'),
            plain: dependsOn('service_completed_successfully', { required: false }),
          },
        },
        db: {},
        cache: {},
        plain: {},
      }),
      { proxied: { db: [5432], cache: [6379] } },
    );
    assert.deepEqual(serviceOf(generated, 'api').depends_on, {
      'db-target': dependsOn('service_healthy', { restart: true }),
      db: dependsOn('service_healthy'),
      'cache-target': dependsOn('service_started'),
      cache: dependsOn('service_started'),
      plain: dependsOn('service_completed_successfully', { required: false }),
    });
    assert.deepEqual(serviceOf(generated, 'db-target').depends_on, { db: dependsOn('service_started') });
  });

  it('rewrites references to the container itself, but not links', () => {
    const generated = generate(
      resolvedProject({
        db: { container_name: 'the-db' },
        app: {
          network_mode: 'service:db',
          pid: 'container:the-db',
          ipc: 'service:db',
          volumes_from: ['db', 'db:ro', 'container:the-db:ro', 'plain'],
          external_links: ['the-db:store'],
          links: ['db:database'],
        },
        plain: {},
      }),
      db,
    );
    const { network_mode, pid, ipc, volumes_from, links, external_links } = serviceOf(generated, 'app');
    assert.deepEqual([network_mode, pid, ipc], Array(3).fill('service:db-target'));
    assert.deepEqual(volumes_from, ['db-target', 'db-target:ro', 'db-target:ro', 'plain']);
    assert.deepEqual([links, external_links], [['db:database', 'db:store'], undefined]);
  });

  it('builds images under names of its own and touches no tag of the user', () => {
    const build = { context: '/home/user/shop', tags: ['mine:latest'], cache_to: ['type=local,dest=/cache'] };
    const generated = generate(
      resolvedProject({
        db: { build: { ...build, additional_contexts: { base: 'service:base', local: '/x' } }, image: 'mine/db' },
        base: { build, image: undefined },
        copy: { image: 'docker.io/mine/db:latest' },
        sibling: { image: 'shop-base' },
        other: { image: 'mine/db:2' },
      }),
      { proxied: { db: [5432], base: [80] } },
    );
    const target = serviceOf(generated, 'db-target');
    assert.equal(target.image, 'localhost/encore-project:shop-encore-r1-db');
    assert.deepEqual(target.build, {
      context: '/home/user/shop',
      additional_contexts: { base: 'service:base-target', local: '/x' },
      labels: { 'encore.run': 'r1' },
    });
    assert.equal(target['pull_policy'], 'build');
    assert.equal(serviceOf(generated, 'base-target').image, 'localhost/encore-project:shop-encore-r1-base');
    const copy = serviceOf(generated, 'copy');
    assert.deepEqual([copy.image, copy['pull_policy']], [target.image, 'never']);
    assert.equal(serviceOf(generated, 'sibling').image, 'localhost/encore-project:shop-encore-r1-base');
    assert.equal(serviceOf(generated, 'other').image, 'mine/db:2');
  });

  it('chooses names that no container of the project answers to', () => {
    const generated = generate(
      resolvedProject(
        {
          'API.v1': { networks: { 'encore-control': null } },
          'api-v1-target': {},
          other: { container_name: 'API-V1-TARGET-2', hostname: 'api-v1-sidecar' },
        },
        { networks: { default: null, 'encore-control': null } },
      ),
      { proxied: { 'API.v1': [80] } },
    );
    assert.deepEqual(generated.renamed, { 'API.v1': 'API-v1-target-3' });
    assert.deepEqual(serviceOf(generated, 'API.v1').networks, {
      'encore-control': {},
      'encore-control-2': { aliases: ['API-v1-sidecar-2'] },
    });
  });

  it('labels a target with its name and its original limits', () => {
    const generated = generate(
      resolvedProject({
        db: { mem_limit: '1000', cpus: 0.5, deploy: { resources: { limits: { memory: '536870912' } } } },
        api: { mem_limit: '1000', memswap_limit: '-1' },
        free: {},
      }),
      { ...db, targets: { db: 1, api: 1, free: 1 } },
    );
    assert.deepEqual(serviceOf(generated, 'db-target').labels, {
      'encore.run': 'r1',
      'encore.target': 'db',
      'encore.original.memory': '536870912',
      'encore.original.memswap': '1073741824',
      'encore.original.cpus': '0.5',
    });
    assert.equal(serviceOf(generated, 'api').labels?.['encore.original.memswap'], '-1');
    const free = Object.keys(serviceOf(generated, 'free').labels ?? {});
    assert.deepEqual(free, ['encore.run', 'encore.target'], 'no limit can be restored');
  });

  it('keeps a subnet only if an address of it is used, and no name of a bridge', () => {
    const ipam = (subnet: string) => ({ driver: 'default', config: [{ subnet }] });
    const { project } = generate(
      resolvedProject(
        {
          db: { networks: { fixed: { ipv4_address: '10.5.0.9' }, free: null } },
          api: { networks: { mentioned: null, fixed: null }, environment: { DNS: '10.7.3.4#53' } },
        },
        {
          networks: {
            fixed: { ipam: ipam('10.5.0.0/16') },
            free: { ipam: ipam('10.6.0.0/16'), driver_opts: { 'com.docker.network.bridge.name': 'br7', mtu: 1400 } },
            mentioned: { ipam: ipam('10.7.0.0/16') },
          },
        },
      ),
      db,
    );
    assert.deepEqual(project.networks['fixed']?.ipam, ipam('10.5.0.0/16'));
    assert.deepEqual(project.networks['mentioned']?.ipam, ipam('10.7.0.0/16'));
    assert.deepEqual(project.networks['free']?.ipam, { driver: 'default' });
    assert.deepEqual(project.networks['free']?.driver_opts, { mtu: '1400' });
    // The engine would give the fixed address of the sidecar to a container that starts before it.
    assert.deepEqual(project.services['api']?.depends_on, { db: { condition: 'service_started', required: false } });
  });

  it('gives an IPv6 network that keeps no subnet one of its own in each run', () => {
    const six = { enable_ipv6: true, ipam: { config: [{ subnet: '10.6.0.0/16' }, { subnet: '2001:db8::/64' }] } };
    const project = resolvedProject({ db: { networks: { a: null, b: null } } }, { networks: { a: six, b: six } });
    const subnets = ['r1', 'r2'].flatMap((runId) =>
      Object.values(generate(project, { runId }).project.networks).flatMap(({ ipam }) => ipam?.config ?? []),
    );
    assert.equal(new Set(subnets.map(({ subnet }) => subnet)).size, 4);
    for (const { subnet } of subnets) assert.match(subnet ?? '', /^fd[0-9a-f]{2}(:[0-9a-f]{4}){3}::\/64$/);
  });

  it('creates no folder on the host for a read-only mount', () => {
    const mount = { type: 'bind', source: '/conf', target: '/c', read_only: true, bind: { create_host_path: true } };
    const { project } = generate(resolvedProject({ db: { volumes: [mount] } }));
    assert.deepEqual(project.services['db']?.volumes, [{ ...mount, bind: { create_host_path: false } }]);
  });

  it('accepts names that every object has', () => {
    const { project } = generate(resolvedProject({ constructor: {}, toString: {} }), { proxied: { toString: [80] } });
    assert.deepEqual(Object.keys(project.services), ['constructor', 'toString', 'toString-target']);
  });

  it('leaves out labels by which a program of the user would find the copy', () => {
    const labels = {
      'traefik.enable': 'true',
      'traefik.http.routers.api.rule': 'Host(`x`)',
      autoheal: 'true',
      caddy_1: 'x',
      'caddy.reverse_proxy': '{{upstreams}}',
      caddyshack: 'y',
      mine: 'z',
    };
    const labelsIn = (services: Record<string, Record<string, unknown>>) =>
      Object.keys(generate(resolvedProject(services)).project.services['api']?.labels ?? {});
    assert.deepEqual(labelsIn({ api: { labels } }), ['caddyshack', 'mine', 'encore.run']);
    assert.deepEqual(labelsIn({ api: { labels }, edge: { image: 'docker.io/library/traefik:v3' } }).slice(0, 2), [
      'traefik.enable',
      'traefik.http.routers.api.rule',
    ]);
  });
});
