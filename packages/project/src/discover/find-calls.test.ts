import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Service } from '../compose/compose-model.ts';
import { resolvedProject } from '../testing/resolved-project.ts';
import { findCalls, ownHealthAddresses } from './find-calls.ts';

/** The calls of `api`, as `to:port`. */
function callsOfApi(
  api: Record<string, unknown>,
  others: Record<string, Record<string, unknown>>,
  rest = {},
): string[] {
  return findCalls(resolvedProject({ api, ...others }, rest), [])
    .filter(({ from }) => from === 'api')
    .map(({ to, port, path = '' }) => `${to}:${port}${path}`);
}

const db = { db: {} };

describe('findCalls', () => {
  it('finds addresses in URLs, in lists and beside each other', () => {
    const environment = {
      DATABASE_URL: 'postgres://user:pass@db:5433/app?sslmode=off',
      JDBC: 'jdbc:postgresql://db/app',
      BROKERS: 'k1:9092,k2:9093',
      HEALTH: 'http://db/health?full=1',
      PRICE: 'http://db/price/$$5',
    };
    assert.deepEqual(callsOfApi({ environment }, { db: {}, k1: {}, k2: {} }), [
      'db:5433',
      'db:5432',
      'k1:9092',
      'k2:9093',
      'db:80/health',
      'db:80/price/$5',
    ]);
  });

  it('joins a host and a port that are in two variables', () => {
    assert.deepEqual(callsOfApi({ environment: { DB_HOST: 'db', DB_PORT: '5433' } }, db), ['db:5433']);
    assert.deepEqual(callsOfApi({ environment: { db_host: 'db', db_port: '5434' } }, db), ['db:5434']);
    assert.deepEqual(callsOfApi({ environment: { PGHOST: 'db' } }, db), ['db:null'], 'the port is not known');
  });

  it('does not mistake a user, a version or a part of another name for a call', () => {
    const environment = {
      POSTGRES_USER: 'db',
      IMAGE: 'db:17',
      TAG: 'db:4000.2.0',
      OTHER: 'my-db:5432 db.example.org:5432 notdb:5432',
      ITSELF: 'http://api:8000',
    };
    assert.deepEqual(callsOfApi({ environment }, db), []);
  });

  it('reads commands, configs and mounted files, and unescapes dollars first', () => {
    const project = resolvedProject(
      {
        api: {
          entrypoint: ['wait-for', 'db:5432'],
          command: ['serve', '--cache=cache:6379', '--price', '$$db:1234'],
          configs: [{ source: 'site', target: '/etc/site.conf' }],
        },
        db: {},
        cache: {},
      },
      { configs: { site: { content: 'upstream { server db:7000; }' } } },
    );
    const mounted = [{ service: 'api', path: 'nginx.conf', text: 'proxy_pass http://cache:8080/items;' }];
    assert.deepEqual(
      findCalls(project, mounted).map(({ to, port, source, path }) => [to, port, source, path]),
      [
        ['db', 5432, 'command of api', undefined],
        ['cache', 6379, 'command of api', undefined],
        ['db', 1234, 'command of api', undefined],
        ['db', 7000, 'config site of api', undefined],
        ['cache', 8080, 'nginx.conf of api', '/items'],
      ],
    );
  });

  it('knows every name of a service, but only on networks that both share', () => {
    const others = {
      db: {
        container_name: 'the-db',
        hostname: 'dbhost',
        networks: { back: { aliases: ['store'], ipv4_address: '10.5.0.9' } },
      },
      far: { networks: { other: null } },
    };
    const environment = { A: 'the-db:1001 dbhost:1002 STORE:1003 10.5.0.9:1004 base:1005 far:1006' };
    const networks = { networks: { back: null, other: null } };
    assert.deepEqual(callsOfApi({ environment, networks: { back: null }, links: ['db:base'] }, others, networks), [
      'db:1001',
      'db:1002',
      'db:1003',
      'db:1004',
      'db:1005',
    ]);
  });

  it('names the owner of a shared network namespace', () => {
    const others = { vpn: {}, app: { network_mode: 'service:vpn' } };
    assert.deepEqual(
      callsOfApi({ environment: { URL: 'http://vpn:8080/' }, depends_on: { app: { condition: 'x' } } }, others),
      ['vpn:8080/'],
    );
  });

  it('keeps a dependency only if no port is known', () => {
    const depends_on = { db: { condition: 'service_started' }, cache: { condition: 'service_started' } };
    assert.deepEqual(callsOfApi({ depends_on, environment: { DB: 'db:5432' } }, { db: {}, cache: {} }), [
      'db:5432',
      'cache:null',
    ]);
  });

  it('knows the scheme of a driver, and keeps the port of no scheme that it does not know', () => {
    const environment = {
      A: 'postgresql+psycopg2://u:p@db/app',
      B: 'db+mysql://u:p@db/app',
      C: 'h2c://db/x',
      D: 'h2c://db:8081/x',
    };
    assert.deepEqual(callsOfApi({ environment }, db), ['db:5432', 'db:3306', 'db:8081']);
  });

  it('takes neither a job nor a shared namespace or volume that a service waits for as a call', () => {
    const depends_on = {
      migrate: { condition: 'service_completed_successfully' },
      side: { condition: 'service_started' },
      files: { condition: 'service_started' },
      db: { condition: 'service_healthy' },
    };
    const api = { depends_on, pid: 'service:side', volumes_from: ['files:ro'] };
    assert.deepEqual(callsOfApi(api, { ...db, migrate: {}, side: {}, files: {} }), ['db:null']);
  });

  it('finds no call in the environment of a database, which is often that of its clients', () => {
    const environment = { DB_HOST: 'db', REDIS_URL: 'redis://cache:6379' };
    const others = { db: {}, cache: {} };
    for (const image of ['postgres:17', 'bitnami/redis:7', 'docker.io/valkey/valkey:8'])
      assert.deepEqual(callsOfApi({ image, environment }, others), [], image);
    const replica = { image: 'bitnami/postgresql', environment: { POSTGRESQL_MASTER_HOST: 'db' } };
    assert.deepEqual(callsOfApi(replica, others), ['db:null']);
    assert.deepEqual(callsOfApi({ image: 'oliver006/redis_exporter', environment }, others), ['db:null', 'cache:6379']);
  });

  it('knows what a client speaks at an address, from its scheme or the directive around it', () => {
    const text = `
      upstream files { ip_hash; server c:9000; }
      upstream php { server d:9000; }
      server { location / { proxy_pass http://files; } location /p { fastcgi_pass php; } }
      location /x { fastcgi_pass e:9000; }
      reverse_proxy /api/* f:2368
      php_fastcgi g:9000
      listen h:9000`;
    const environment = { A: 'http://a:1001', B: 'https://b:1002', C: 'amqp://c:1003', D: 'd:1004' };
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const project = resolvedProject({
      api: { environment },
      ...Object.fromEntries(names.map((name) => [name, {}])),
    });
    const calls = findCalls(project, [{ service: 'api', path: 'proxy.conf', text }]);
    assert.deepEqual(
      calls.map(({ to, port, protocol }) => `${to}:${port} ${protocol}`),
      [
        'a:1001 http',
        'b:1002 tls',
        'c:1003 other',
        'd:1004 undefined',
        'c:9000 http',
        'd:9000 other',
        'e:9000 other',
        'f:2368 http',
        'g:9000 other',
        'h:9000 undefined',
      ],
    );
  });
});

describe('ownHealthAddresses', () => {
  const addresses = (...test: string[]) =>
    ownHealthAddresses('api', { container_name: 'the-api', healthcheck: { test } } as Service);

  it('finds what a health check requests from its own container', () => {
    const http = (port: number, path: string) => [{ port, path, protocol: 'http' }];
    assert.deepEqual(addresses('CMD-SHELL', 'curl -f http://localhost:8000/health?x=1'), http(8000, '/health'));
    assert.deepEqual(addresses('CMD', 'curl', '-f', 'http://localhost'), http(80, '/'));
    assert.deepEqual(addresses('CMD', 'curl', 'localhost:9200/_cluster/health'), http(9200, '/_cluster/health'));
    assert.deepEqual(addresses('CMD', 'pg_isready', '-h', 'localhost'), []);
    assert.deepEqual(addresses('CMD', 'node', '-e', "fetch('http://the-api:3000/up')"), http(3000, '/up'));
    assert.deepEqual(addresses('CMD', 'curl', 'http://db:9000/', 'myapi:80', 'http://[::1]:81'), http(81, '/'));
  });

  it('takes no other client for one of HTTP', () => {
    const protocols = (...test: string[]) => addresses(...test).map(({ port, protocol }) => `${port} ${protocol}`);
    assert.deepEqual(protocols('CMD', 'wget', 'https://127.0.0.1/ready'), ['443 tls']);
    assert.deepEqual(protocols('CMD', 'mongosh', 'localhost:27017/test', '--eval', 'db.x'), ['27017 undefined']);
    assert.deepEqual(protocols('CMD', 'kafka-topics.sh', '--bootstrap-server', 'localhost:9092'), ['9092 undefined']);
  });
});
