import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultKinds } from '@encore/contracts';
import { before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { alertTable } from '../scripts/make-alert-docs.ts';
import { root } from './support/command.ts';
import { expositions, metricsCatalogue, type Series } from './support/metrics-catalogue.ts';
import { isCounter, selectorsOf } from './support/promql.ts';
import { expectedStates, kindIn, readRules } from './support/rules.ts';
import { assertKnown } from './support/watched.ts';

const readYaml = (name: string): unknown => parse(readFileSync(join(root, name), 'utf8'));

describe('Prometheus', () => {
  const rules = readRules();
  let catalogue: Series[] = [];
  before(async () => {
    catalogue = metricsCatalogue(await expositions());
  });

  it('has rules that query only metrics and labels that the programs expose from their start', () => {
    assert.ok(rules.length > 20);
    for (const { expr, alert, record } of rules) assertKnown(expr, catalogue, alert ?? record ?? '');
  });

  it('names recorded values level:metric:operations, and takes rates of counters only', () => {
    for (const { record, expr } of rules) {
      if (record !== undefined) assert.match(record, /^[a-z_]+:[a-z_]+:[a-z0-9_]+$/);
      for (const { metric, inside, window } of selectorsOf(expr)) {
        assert.equal(isCounter(metric), inside === 'rate' || inside === 'increase', `${metric} in ${expr}`);
        if (window !== null) assert.ok(seconds(window) >= 15, `${window} holds fewer than three scrapes: ${expr}`);
      }
    }
  });

  it('has alerts that state their expected state under each kind of fault', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    for (const rule of alerts) {
      const { alert, labels, annotations } = rule;
      assert.match(labels?.['severity'] ?? '', /^(info|warning|critical)$/, alert);
      assert.ok((annotations?.summary ?? '').length > 20, alert);
      const states = expectedStates(rule);
      assert.ok(states, `${alert} does not state its expected state under each kind`);
      const named = [...states.fires, ...states.may];
      assert.equal(new Set(named).size, named.length, `${alert} names a kind twice`);
      for (const kind of named)
        assert.ok(
          faultKinds.some((known) => known === kindIn(kind)),
          `${alert} names ${kind}`,
        );
    }
  });

  it('has an alert for each kind that a user or the engine notices', () => {
    const seen = new Set(
      rules.flatMap((rule) => {
        const states = expectedStates(rule);
        return states === null ? [] : [...states.fires, ...states.may].map(kindIn);
      }),
    );
    // Nobody notices a delayed end of connections that are reused.
    assert.deepEqual(
      faultKinds.filter((kind) => !seen.has(kind)),
      ['slow-close'],
    );
    const surely = rules.flatMap((rule) => expectedStates(rule)?.fires.map(kindIn) ?? []);
    for (const kill of ['crash', 'outage', 'hang', 'restart']) assert.ok(surely.includes(kill), kill);
  });

  it('is documented by kind (node scripts/make-alert-docs.ts)', () => {
    assert.ok(readFileSync(join(root, 'prometheus', 'README.md'), 'utf8').includes(`\n${alertTable()}\n`));
    assert.match(alertTable(), /^\| slow-close \| none, by design \|/m);
  });

  it('scrapes each program of the Compose file on its port and a shared network', () => {
    const { services } = readYaml('docker-compose.yml') as {
      services: Record<
        string,
        {
          networks?: string[] | Record<string, unknown>;
          environment?: unknown;
          healthcheck?: unknown;
          command?: string[];
        }
      >;
    };
    const { scrape_configs: jobs, global } = readYaml('prometheus/prometheus.yml') as {
      global: { scrape_interval: string };
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    assert.equal(global.scrape_interval, '5s');
    const networksOf = (name: string): string[] => {
      const { networks = [] } = services[name] ?? {};
      return Array.isArray(networks) ? networks : Object.keys(networks);
    };
    const mine = networksOf('prometheus');
    for (const { job_name: job, static_configs: configs } of jobs) {
      if (job === 'prometheus') continue;
      const [host = '', port = ''] = (configs[0]?.targets[0] ?? '').split(':');
      const service = services[host];
      assert.ok(service && host === job, `${job} is not a service`);
      assert.ok(
        networksOf(host).some((network) => mine.includes(network)),
        `${job} shares no network with prometheus`,
      );
      const { environment, healthcheck } = service;
      if (job !== 'toxiproxy')
        assert.ok(JSON.stringify([environment, healthcheck]).includes(port), `${job} on ${port}`);
    }
    assert.ok(services['toxiproxy']?.command?.includes('-proxy-metrics'));
    const kept = services['prometheus']?.command?.join(' ') ?? '';
    const hours = Number(/retention\.time=(\d+)h/.exec(kept)?.[1]);
    assert.ok(hours >= 48 && /retention\.size=\d+GB/.test(kept), `kept for ${hours} h within a limit`);
  });

  it('bounds the memory of Prometheus, Toxiproxy and PostgreSQL below the limits of their containers', () => {
    const { prometheus, postgres, toxiproxy } = (
      readYaml('docker-compose.yml') as { services: Record<string, Limited> }
    ).services;
    assert.ok(prometheus && postgres && toxiproxy);
    for (const { environment, mem_limit: limit } of [prometheus, toxiproxy])
      assert.ok(megabytes(environment?.['GOMEMLIMIT'] ?? '') <= 0.75 * megabytes(limit), limit);
    const flags = prometheus.command?.join(' ') ?? '';
    const flag = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(flags)?.[1]);
    const sampleBytes = 16;
    const queries = flag('query.max-samples') * flag('query.max-concurrency') * sampleBytes;
    assert.ok(queries / 1_048_576 < megabytes(prometheus.mem_limit) / 2, `queries may take ${queries} bytes`);
    const setting = (name: string): string =>
      new RegExp(`-c${name}=(\\w+)`).exec(postgres.command?.join(' ') ?? '')?.[1] ?? '';
    // Shared buffers, one autovacuum worker, and a sort in each connection that the server may use
    // at once.
    const busyConnections = 12;
    const taken =
      megabytes(setting('shared_buffers')) +
      megabytes(setting('maintenance_work_mem')) * Number(setting('autovacuum_max_workers')) +
      megabytes(setting('work_mem')) * busyConnections;
    assert.ok(taken < megabytes(postgres.mem_limit) / 2, `${taken} MB`);
    assert.ok(Number(setting('max_connections')) >= 5 * busyConnections);
  });
});

interface Limited {
  mem_limit: string;
  environment?: Record<string, string>;
  command?: string[];
}

/** Docker, Go and PostgreSQL write the unit differently: `64m`, `64MiB`, `64MB`. */
function megabytes(text: string): number {
  const size = Number(/^(\d+)m/i.exec(text)?.[1]);
  assert.ok(size > 0, `${text} is not a number of megabytes`);
  return size;
}

function seconds(window: string): number {
  const units: Record<string, number> = { s: 1, m: 60, h: 3_600 };
  return [...window.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, n, unit = 's']) => sum + Number(n) * (units[unit] ?? 0),
    0,
  );
}
