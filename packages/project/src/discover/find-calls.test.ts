import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Service } from '../compose/compose-model.ts';
import { resolvedProject } from '../testing/resolved-project.ts';
import { findCalls, ownHealthUrls } from './find-calls.ts';

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
});

describe('ownHealthUrls', () => {
  it('finds what a health check requests from its own container', () => {
    const urls = (...test: string[]) => ownHealthUrls({ healthcheck: { test } } as Service);
    assert.deepEqual(urls('CMD-SHELL', 'curl -f http://localhost:8000/health?x=1 || exit 1'), [
      { port: 8000, path: '/health' },
    ]);
    assert.deepEqual(urls('CMD', 'curl', '-f', 'http://localhost'), [{ port: 80, path: '/' }]);
    assert.deepEqual(urls('CMD', 'wget', 'https://127.0.0.1/ready'), [{ port: 443, path: '/ready' }]);
    assert.deepEqual(urls('CMD', 'curl', 'localhost:9200/_cluster/health'), [{ port: 9200, path: '/_cluster/health' }]);
    assert.deepEqual(urls('CMD', 'pg_isready', '-h', 'localhost'), []);
  });
});
