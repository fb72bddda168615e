import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import type { ComposeProject, Service } from '../compose/compose-model.ts';
import { encoreFileSchema } from '../encore-file/encore-file.ts';
import { generate, resolvedProject } from '../testing/resolved-project.ts';
import { type ProjectWithLab, withLab } from './lab-services.ts';
import {
  type BundledServices,
  type MonitoredProject,
  readBundledServices,
  withMonitoring,
} from './monitoring-services.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { system } = encoreFileSchema.parse({
  system: {
    entry: 'api:8000',
    recoveryOf: 'api',
    containers: { api: { health: { ready: 'http://api:8000/' } }, db: {} },
    proxies: { 'api:8000': { probe: 'http' }, 'db:5432': { probe: 'postgres' } },
  },
});
const services = {
  api: { networks: { front: null } },
  db: { networks: { back: null } },
  'encore-prometheus': { networks: { front: null } },
};

function labOf(project: ComposeProject): ProjectWithLab {
  const generated = generate(project, {
    proxied: { api: [8000], db: [5432] },
    targets: { api: 1, db: 1 },
  });
  const options = { runId: 'r1', root: '/opt/encore', tag: 'lab-1', workload: 'workload/w.mts', socket: '/run/e.sock' };
  return withLab(system, project, generated, { ...options, pagePort: 4567, command: './encore' });
}

describe('Prometheus and Grafana in a user’s project', () => {
  const lab = labOf(resolvedProject(services, { networks: { front: {}, back: {} } }));
  const { names } = lab;
  let bundled: BundledServices;
  const monitored = (grafana: number | null = 3333): MonitoredProject =>
    withMonitoring(lab, { bundled, ports: { prometheus: 9999, grafana } }, 'r1');
  const serviceOf = ({ project }: MonitoredProject, name: string): Service => project.services[name] ?? {};
  before(async () => {
    bundled = await readBundledServices(root);
  });

  it('are scraped and shown on networks of the lab only, under names that are free', () => {
    const all = monitored();
    assert.equal(names.prometheus, 'encore-prometheus-2');
    assert.deepEqual(serviceOf(all, names.prometheus).networks, {
      'encore-control': null,
      'encore-lab': null,
      // As in grafana/provisioning.
      'encore-page': { aliases: ['prometheus'] },
    });
    assert.deepEqual(serviceOf(all, names.grafana).networks, { 'encore-page': null });
    assert.deepEqual(all.project.services['encore-prometheus'], lab.project.services['encore-prometheus']);
  });

  it('have the images and limits of the bundled lab, and none of its folders', () => {
    for (const [name, original] of [
      [names.prometheus, bundled.prometheus],
      [names.grafana, bundled.grafana],
    ] as const) {
      const { image, mem_limit, read_only, cap_drop, volumes = [] } = serviceOf(monitored(), name);
      assert.deepEqual([image, mem_limit], [original.image, original.mem_limit]);
      assert.match(`${image} ${mem_limit}`, /^\S+:v?\d+\.\d+\.\d+ \d+m$/);
      assert.deepEqual([read_only, cap_drop], [true, ['ALL']]);
      assert.deepEqual([...new Set(volumes.map(({ type }) => type))], ['volume']);
      assert.deepEqual(volumes[0], { type: 'volume', source: 'encore-input', target: '/etc/encore', read_only: true });
    }
    assert.ok(
      serviceOf(monitored(), names.prometheus).command?.includes('--config.file=/etc/encore/prometheus/prometheus.yml'),
    );
    const { environment = {} } = serviceOf(monitored(), names.grafana);
    assert.equal(environment['GF_PATHS_PROVISIONING'], '/etc/encore/provisioning');
    assert.equal(environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'], '/etc/encore/dashboards/run.json');
  });

  it('publish one port each, on 127.0.0.1, which the run prints', () => {
    const all = monitored();
    const published = (name: string) => serviceOf(all, name).ports?.map((port) => `${port.host_ip}:${port.published}`);
    assert.deepEqual([published(names.prometheus), published(names.grafana)], [['127.0.0.1:9999'], ['127.0.0.1:3333']]);
    const { environment = {} } = serviceOf(all, names.orchestrator);
    assert.equal(
      environment['ENCORE_WHERE_TO_LOOK'],
      'Grafana http://localhost:3333   Prometheus http://localhost:9999   live page http://localhost:4567   reports test_results',
    );
    assert.equal(environment['ENCORE_PROMETHEUS_URL'], 'http://encore-prometheus-2:9090');
    assert.equal(environment['ENCORE_ALERTS_URL'], 'http://localhost:9999/alerts');
    assert.equal(environment['ENCORE_GRAFANA_URL'], 'http://localhost:3333');
    assert.equal(environment['ENCORE_NAME'], 'encore-orchestrator');
  });

  it('carry the label of the run, as what they store does', () => {
    const { project } = monitored();
    for (const part of [
      ...[names.prometheus, names.grafana].map((name) => project.services[name]),
      ...[names.metrics, names.grafanaData].map((name) => project.volumes[name]),
    ])
      assert.equal(part?.labels?.['encore.run'], 'r1');
  });

  it('scrape the programs of the lab, and each sidecar', () => {
    const lab = {
      loadgen: ['encore-loadgen:8012'],
      chaos: ['encore-chaos:8011'],
      orchestrator: ['encore-orchestrator:8080'],
      prometheus: ['localhost:9090'],
    };
    assert.deepEqual(monitored().targets, { ...lab, toxiproxy: ['api-sidecar:8474', 'db-sidecar:8474'] });
    // Without the flag, Toxiproxy has no metrics.
    for (const name of ['api', 'db'])
      assert.ok(monitored().project.services[name]?.command?.includes('-proxy-metrics'), name);
  });

  it('are Prometheus alone without the image of Grafana', () => {
    const all = monitored(null);
    assert.equal(all.project.services[names.grafana], undefined);
    assert.equal(all.project.volumes[names.grafanaData], undefined);
    const { environment = {} } = serviceOf(all, names.orchestrator);
    assert.equal(environment['ENCORE_GRAFANA_URL'], undefined);
    assert.doesNotMatch(environment['ENCORE_WHERE_TO_LOOK'] ?? '', /Grafana/);
  });
});
