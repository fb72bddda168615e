import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { resolvedProject } from '../testing/resolved-project.ts';
import { type Discovery, discoverProject } from './discover-project.ts';
import type { ProjectFacts } from './project-facts.ts';

function discover(
  services: Record<string, Record<string, unknown>>,
  { facts = {}, rest = {} }: { facts?: Partial<ProjectFacts>; rest?: Record<string, unknown> } = {},
): Discovery {
  const all = { images: {}, mounted: [], dockerfiles: [], active: Object.keys(services), ...facts };
  return discoverProject(resolvedProject(services, rest), all, '/home/user/shop');
}

const proxiesOf = ({ proxies }: Discovery): string[] =>
  proxies.map(({ service, port, probe, sources }) => `${service}:${port} ${probe} ${sources.join('; ')}`);
const unsupportedOn = ({ unsupported }: Discovery, name: string): string[] =>
  unsupported.filter(({ on }) => on === name).map(({ text }) => text.split(':')[0] ?? '');
const port = (target: number, protocol = 'tcp') => ({ target, protocol, published: String(target) });

describe('discoverProject', () => {
  it('finds ports in every place that names one, and keeps each source', () => {
    const found = discover(
      {
        api: {
          ports: [{ target: 8000, published: '80', protocol: 'tcp' }],
          expose: ['9000-9001'],
          healthcheck: { test: ['CMD', 'curl', 'http://localhost:8000/health'] },
        },
        db: { image: 'postgres:17' },
        worker: { image: 'mine', environment: { API: 'http://api:8000/jobs' } },
        local: { image: 'local:1' },
        built: { image: undefined, build: { context: '.' } },
      },
      {
        facts: {
          images: { 'local:1': { exposed: ['7000/tcp', '7001/udp'], hasHealthcheck: true } },
          dockerfiles: [{ service: 'built', path: 'Dockerfile', text: 'FROM x\nEXPOSE 3000 $PORT\nexpose 3001/tcp' }],
        },
      },
    );
    assert.deepEqual(proxiesOf(found), [
      'api:8000 http ports 80:8000; healthcheck /health at port 8000; environment API of worker',
      'api:9000 http expose 9000-9001',
      'api:9001 http expose 9000-9001',
      'db:5432 postgres the usual port of postgres',
      'local:7000 none EXPOSE of the image local:1',
      'built:3000 http EXPOSE in Dockerfile',
      'built:3001 none EXPOSE in Dockerfile',
    ]);
    assert.deepEqual(found.paths, [
      { path: '/health', source: 'healthcheck' },
      { path: '/jobs', source: 'environment API of worker' },
    ]);
  });

  it('does not guess the port of an image that is here, or of a service with a known port', () => {
    const facts = { images: { 'postgres:latest': { exposed: [], hasHealthcheck: false } } };
    assert.deepEqual(proxiesOf(discover({ db: { image: 'postgres' } }, { facts })), []);
    assert.deepEqual(proxiesOf(discover({ db: { image: 'postgres', expose: ['6000'] } })), [
      'db:6000 none expose 6000',
    ]);
  });

  it('finds no port of a worker that runs the image of an API with another command', () => {
    const api = { image: undefined, build: { context: 'api' }, command: ['serve'] };
    const dockerfiles = ['api', 'worker'].map((service) => ({ service, path: 'api/Dockerfile', text: 'EXPOSE 5000' }));
    const found = (worker: Record<string, unknown>, edge = { API: 'http://api:5000' }) =>
      proxiesOf(
        discover({ api, worker: { ...api, ...worker }, edge: { environment: edge } }, { facts: { dockerfiles } }),
      ).map((line) => line.split(' ')[0]);
    assert.deepEqual(found({ command: ['work'] }), ['api:5000']);
    const listening = [
      { command: ['serve'] },
      { command: ['work'], expose: ['5000'] },
      { command: ['work'], build: { context: 'worker' } },
    ];
    for (const worker of listening) assert.deepEqual(found(worker), ['api:5000', 'worker:5000']);
    const unknown = found({ command: ['work'] }, { API: 'a name that is no service' });
    assert.deepEqual(unknown, ['api:5000', 'worker:5000'], 'not known which of the two listens');
  });

  it('lists the port of a service that shares a network at the owner of the network', () => {
    const found = discover({
      vpn: { container_name: 'the-vpn', ports: [port(8388, 'udp')] },
      app: { network_mode: 'service:vpn', expose: ['8080'], depends_on: { vpn: { condition: 'service_started' } } },
      other: { network_mode: 'container:the-vpn', expose: ['8081'] },
    });
    assert.deepEqual(
      proxiesOf(found),
      [8080, 8081].map((one) => `vpn:${one} http expose ${one} (shares the network of vpn)`),
      'within a network namespace nobody uses a name',
    );
    assert.equal(found.entry?.service, 'vpn');
    for (const name of ['app', 'other'])
      assert.match(unsupportedOn(found, name)[0] ?? '', /no network faults of its own/);
  });

  it('puts no sidecar in front of UDP that others use by name, or of what Traefik finds by label', () => {
    const dns = { ports: [port(53), port(53, 'udp')] };
    assert.deepEqual(proxiesOf(discover({ dns })), ['dns:53 none ports 53:53']);
    const called = discover({ dns, api: { depends_on: { dns: { condition: 'service_started' } } } });
    assert.deepEqual(proxiesOf(called), []);
    assert.match(called.unsupported[0]?.text ?? '', /unless you list its TCP ports: other services call dns/);
    const labels = { 'traefik.enable': 'true', 'traefik.http.services.go.loadbalancer.server.port': '80' };
    const traefik = discover({ web: { labels }, edge: { image: 'traefik:v3', labels } });
    assert.deepEqual(
      traefik.proxies.map(({ service }) => service),
      ['edge'],
      'clients reach Traefik itself by its name',
    );
    assert.match(traefik.unsupported[0]?.text ?? '', /Traefik finds it by its labels/);
    assert.equal(discover({ web: { labels } }).entry?.service, 'web', 'no Traefik of the project finds it');
  });

  it('treats the published HTTP port that calls others as the entry', () => {
    const found = discover({
      db: { image: 'postgres', ports: [port(5432)] },
      admin: { ports: [port(8081)] },
      api: { ports: [port(8000)], depends_on: { db: { condition: 'service_started' } } },
      web: { ports: [port(3000)], environment: { API: 'http://api:8000' } },
    });
    assert.equal(`${found.entry?.service}:${found.entry?.port}`, 'web:3000');
    assert.deepEqual(
      found.otherEntries.map(({ service }) => service),
      ['admin', 'api'],
    );
    assert.equal(discover({ sniffer: { network_mode: 'host' } }).entry, null);
  });

  it('prefers what is built here to the tools for looking at it', () => {
    const ports = [port(80)];
    const entryOf = (services: Record<string, Record<string, unknown>>) => discover(services).entry?.service;
    const db = { image: 'mysql:8' };
    const environment = { HOST: 'db' };
    assert.equal(
      entryOf({ admin: { image: 'phpmyadmin', ports, environment }, shop: { ports, environment }, db }),
      'shop',
    );
    assert.equal(entryOf({ a: { image: 'mine', ports }, b: { build: { context: '.' }, ports } }), 'b');
    assert.equal(entryOf({ mail: { image: 'axllent/mailpit', ports: [port(8025)] }, db }), 'mail');
  });

  it('assumes HTTP at the entry if nothing is known of its port, and at no other', () => {
    const found = discover({ app: { ports: [port(2283)] }, ml: { expose: ['3003'] }, db: { image: 'postgres' } });
    assert.deepEqual(proxiesOf(found), [
      'app:2283 http ports 2283:2283; assumed to speak HTTP',
      'ml:3003 none expose 3003',
      'db:5432 postgres the usual port of postgres',
    ]);
    assert.equal(found.entry?.probe, 'http');
  });

  it('takes no port for the entry that certainly does not speak HTTP', () => {
    assert.equal(discover({ db: { image: 'postgres', ports: [port(5432)] } }).entry, null);
    assert.equal(discover({ edge: { ports: [port(443)] }, mail: { ports: [port(25)] } }).entry, null);
    const healthcheck = { test: ['CMD', 'curl', '-k', 'https://localhost:9200'] };
    const search = discover({ es: { image: 'elasticsearch:8', ports: [port(9200)], healthcheck } });
    assert.deepEqual(proxiesOf(search), [
      'es:9200 none ports 9200:9200; healthcheck at port 9200; a usual port of elasticsearch',
      'es:9300 none a usual port of elasticsearch',
    ]);
    assert.deepEqual([search.entry, search.targets[0]?.ready], [null, null]);
  });

  it('learns from clients what a port speaks', () => {
    const environment = { OCR: 'http://ocr:9998', EVENTS: 'clickhouse://events:9000', RPC: 'grpc://rpc:8090' };
    const php = { service: 'web', path: 'nginx.conf', text: 'fastcgi_pass php:9000;' };
    const events = { image: 'clickhouse/clickhouse-server', expose: ['8123', '9000'] };
    const found = discover(
      { web: { ports: [port(80)], environment }, ocr: {}, rpc: {}, php: {}, events },
      { facts: { mounted: [php] } },
    );
    assert.deepEqual(
      found.proxies.map(({ service, port, probe }) => `${service}:${port} ${probe}`),
      ['web:80 http', 'ocr:9998 http', 'rpc:8090 http', 'php:9000 none', 'events:8123 http', 'events:9000 none'],
    );
  });

  it('guesses every port on which an image listens, unless it is configured to listen elsewhere', () => {
    const portsOf = (service: Record<string, unknown>) =>
      discover({ service, api: { environment: { HOST: 'service' } } }).proxies.map(
        ({ port, probe }) => `${port} ${probe}`,
      );
    assert.deepEqual(portsOf({ image: 'elasticsearch:8' }), ['9200 http', '9300 none']);
    assert.deepEqual(portsOf({ image: 'rabbitmq:3' }), ['5672 none']);
    // Clients that know only its name use 5672.
    assert.deepEqual(portsOf({ image: 'rabbitmq:3-management', ports: [port(15672)] }), ['5672 none', '15672 http']);
    assert.deepEqual(portsOf({ image: 'rabbitmq:3', ports: [port(5673)] }), ['5673 none']);
  });

  it('guesses no port for a job or a tool that has the image or name of a server', () => {
    const images = { 'postgres:17': { exposed: ['5432/tcp'], hasHealthcheck: false } };
    const started = (...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, { condition: 'service_started' }]));
    const found = discover(
      {
        seeder: { image: 'postgres:17', command: ['psql', '-h', 'db'], restart: 'always' },
        certs: { image: 'elasticsearch:8', entrypoint: ['/bin/bash', '-c'], command: ['make-certs'] },
        topics: { image: 'apache/kafka', command: ['kafka-topics.sh', '--create'], restart: 'always' },
        exporter: { image: 'prometheuscommunity/postgres-exporter' },
        rest: { image: 'postgrest/postgrest' },
        cron: { image: 'nextcloud:30', entrypoint: ['/cron.sh'] },
        fpm: { image: 'nextcloud:30-fpm-alpine' },
        cache: { image: 'redis:7', command: ['sh', '-c', 'redis-server --requirepass x'] },
        db: { image: 'postgres:17', entrypoint: ['/wrapper.sh'], command: ['postgres'] },
        api: { environment: { CACHE: 'cache' }, depends_on: started('db', 'certs', 'cache') },
      },
      { facts: { images } },
    );
    assert.deepEqual(
      found.proxies.map(({ service, port }) => `${service}:${port}`),
      ['fpm:9000', 'db:5432'],
    );
    const called = { image: 'redis:7', command: ['sh', '-c', 'redis-server'] };
    assert.deepEqual(proxiesOf(discover({ called, api: { environment: { CACHE_HOST: 'called' } } })), [
      'called:6379 redis the usual port of redis',
    ]);
  });

  it('leaves out calls and shared resources of a service whose profile is not active', () => {
    const volumes = [{ type: 'bind', source: '/var/run/docker.sock', target: '/s' }];
    const debug = { profiles: ['debug'], network_mode: 'host', volumes };
    const tools = {
      profiles: ['debug'],
      environment: { URL: 'http://web:80/x' },
      volumes: [{ type: 'volume', source: 'corp', target: '/c' }],
    };
    const rest = { volumes: { corp: { external: true } } };
    const depends_on = { tools: { condition: 'service_started', required: false } };
    const web = { ports: [port(80)], depends_on };
    const found = discover({ web, debug, tools }, { facts: { active: ['web'] }, rest });
    assert.deepEqual([found.calls, found.shared], [[], []]);
  });

  it('reads the readiness of a service within the network of another at that one', () => {
    const healthcheck = { test: ['CMD', 'curl', 'http://localhost:8081/up'] };
    const found = discover({
      vpn: { ports: [port(8080)] },
      app: { network_mode: 'service:vpn', healthcheck },
      alone: { network_mode: 'none', healthcheck },
    });
    assert.deepEqual(
      found.targets.map(({ ready }) => ready?.url),
      ['http://vpn:8080/', 'http://vpn:8081/up', undefined],
    );
  });

  it('warns of a program that finds containers of the whole engine', () => {
    const volumes = [{ type: 'bind', source: '/var/run/docker.sock', target: '/var/run/docker.sock' }];
    const found = discover({ edge: { image: 'traefik:v3', ports: [port(80)], volumes } });
    assert.match(found.unsupported[0]?.text ?? '', /^it finds containers on the whole engine by their labels/);
  });

  it('does not target what runs to completion, is not active or has no valid name', () => {
    const found = discover(
      {
        api: { depends_on: { migrate: { condition: 'service_completed_successfully' } } },
        migrate: {},
        debug: { profiles: ['debug'] },
        _odd: {},
        none: { scale: 0 },
      },
      { facts: { active: ['api', 'migrate', '_odd', 'none'] } },
    );
    assert.deepEqual(
      found.targets.map(({ service }) => service),
      ['api'],
    );
    for (const name of ['migrate', 'debug', '_odd', 'none'])
      assert.deepEqual(unsupportedOn(found, name), ['not a target'], name);
  });

  it('does not target what looks like a job that nothing starts again', () => {
    const psql = { image: 'postgres:17', command: ['psql', '-h', 'db'] };
    const found = discover({
      loader: psql,
      'mongo-init': { deploy: { restart_policy: { condition: 'on-failure' } } },
      migrator: { restart: 'no' },
      app_setup: {},
      // These keep running.
      initializer: {},
      retried: { ...psql, restart: 'unless-stopped' },
      setup: { ports: [port(80)] },
    });
    assert.deepEqual(
      found.targets.map(({ service }) => service),
      ['initializer', 'retried', 'setup'],
    );
    assert.match(
      found.unsupported.find(({ on }) => on === 'loader')?.text ?? '',
      /it looks like a job that ends by itself/,
    );
  });

  it('states what it cannot do with each service, with the reason', () => {
    const found = discover(
      {
        bare: { privileged: true, pid: 'host', ipc: 'host', extra_hosts: ['host.docker.internal=host-gateway'] },
        full: {
          expose: ['80'],
          restart: 'always',
          healthcheck: { test: ['CMD', 'true'] },
          mem_limit: '1000000',
          cpus: 1,
        },
        policy: { expose: ['80'], deploy: { restart_policy: { condition: 'on-failure', max_attempts: 3 } } },
        off: { image: 'image:1', expose: ['80'], healthcheck: { disable: true } },
        search: { image: 'elasticsearch:7', healthcheck: { test: ['NONE'] } },
        lonely: { network_mode: 'none' },
      },
      { facts: { images: { 'image:1': { exposed: [], hasHealthcheck: true } } } },
    );
    assert.deepEqual(unsupportedOn(found, 'bare'), [
      'privileged',
      'pid',
      'ipc',
      'no network faults',
      'it can connect to the host (host.docker.internal), where your own stack may listen',
      'no restart policy',
      'no health check',
      'no memory-cap',
      'no cpu-throttle',
    ]);
    assert.deepEqual(unsupportedOn(found, 'full'), []);
    assert.deepEqual(unsupportedOn(found, 'policy'), ['no health check', 'no memory-cap', 'no cpu-throttle']);
    assert.ok(unsupportedOn(found, 'off').includes('no health check'), 'disabled');
    assert.ok(unsupportedOn(found, 'search').includes('no health check'), 'NONE');
    assert.match(unsupportedOn(found, 'search')[0] ?? '', /^elasticsearch may announce its own address/);
    const environment = { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092' };
    const kafka = (settings: object) =>
      unsupportedOn(discover({ kafka: { image: 'cp-kafka', ...settings } }), 'kafka')[0];
    assert.match(kafka({}) ?? '', /^cp-kafka may announce/);
    assert.equal(kafka({ environment }), 'no restart policy', 'it announces the name that the sidecar has');
    assert.match(unsupportedOn(found, 'lonely')[0] ?? '', /^no network faults/);
  });

  it('takes the URL of the health check for readiness, else the entry', () => {
    const healthcheck = { test: ['CMD', 'curl', 'http://localhost:8001/ready'] };
    const found = discover({ api: { ports: [port(8000)], healthcheck }, db: { expose: ['5432'] } });
    assert.deepEqual(found.targets, [
      { service: 'api', replicas: 1, ready: { url: 'http://api:8001/ready', source: 'healthcheck' } },
      { service: 'db', replicas: 1, ready: null },
    ]);
    const [plain] = discover({ api: { ports: [port(8000)] } }).targets;
    assert.equal(plain?.ready?.url, 'http://api:8000/');
  });

  it('does not miss a health check where it writes health.ready', () => {
    const found = discover({ web: { ports: [port(80)] }, worker: {} });
    assert.equal(found.targets[0]?.ready?.url, 'http://web:80/');
    assert.ok(!unsupportedOn(found, 'web').includes('no health check'));
    assert.ok(unsupportedOn(found, 'worker').includes('no health check'));
  });
});
