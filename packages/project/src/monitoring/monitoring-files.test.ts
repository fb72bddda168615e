import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { renamedSystem } from '../../../../test/support/renamed-system.ts';
import { writeMonitoringFiles } from './monitoring-files.ts';

interface Rules {
  groups: { rules: { alert?: string; expr: string; annotations?: Record<string, string> }[] }[];
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
const targets = { loadgen: ['encore-loadgen-2:8012'], toxiproxy: ['alpha-sidecar:8474', 'beta-sidecar:8474'] };

describe('configuration of Prometheus and Grafana for a user’s project', () => {
  let folder = '';
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'encore-monitoring-'));
    await writeMonitoringFiles(folder, { root, system: { ...renamedSystem, hasMemoryLimit: true }, targets });
  });
  after(() => rmSync(folder, { recursive: true }));

  it('has each file at the path that the containers read', () => {
    const files = globSync('**/*.*', { cwd: folder }).sort();
    assert.deepEqual(files, [
      'dashboards/lab.json',
      'dashboards/run.json',
      'prometheus/prometheus.yml',
      'prometheus/rules/alerts.yml',
      'prometheus/rules/recording.yml',
      'provisioning/dashboards/encore.yml',
      'provisioning/datasources/prometheus.yml',
    ]);
    assert.match(read('provisioning/datasources/prometheus.yml'), /url: http:\/\/prometheus:9090/);
    assert.match(read('provisioning/dashboards/encore.yml'), /path: \/etc\/encore\/dashboards/);
  });

  it('scrapes the given addresses, and none of the bundled lab', () => {
    const config = parse(read('prometheus/prometheus.yml'));
    const { scrape_configs: jobs, ...rest } = config;
    const { scrape_configs: _, ...bundled } = parse(readFileSync(join(root, 'prometheus', 'prometheus.yml'), 'utf8'));
    assert.deepEqual(rest, bundled);
    assert.deepEqual(jobs, [
      { job_name: 'loadgen', static_configs: [{ targets: targets.loadgen }] },
      { job_name: 'toxiproxy', static_configs: [{ targets: targets.toxiproxy }] },
    ]);
  });

  it('has alerts that name no target and no metric of the bundled lab, each as a possibility', () => {
    const { groups } = parse(read('prometheus/rules/alerts.yml')) as Rules;
    const alerts = groups.flatMap(({ rules }) => rules);
    assert.ok(alerts.length > 8);
    for (const { alert, expr, annotations } of alerts) {
      assert.doesNotMatch(expr, /encore_server|pg_|job="(server|postgres-exporter)"/, alert);
      assert.doesNotMatch(Object.values(annotations ?? {}).join(' '), /server|postgres| on /i, alert);
      assert.equal(annotations?.['fires_under'], 'none', alert);
    }
    const states = (name: string) => alerts.find(({ alert }) => alert === name)?.annotations?.['may_fire_under'];
    assert.equal(states('MemoryNearLimit'), 'memory-cap, memory-pressure, traffic-spike, tool-stall, freeze');
    assert.match(states('ProbesFail') ?? '', /^outage, hang, crash, /);
    assert.equal(states('LostWrites'), 'none');
  });

  it('has the expressions of the bundled lab', () => {
    for (const name of ['alerts', 'recording']) {
      const own = parse(read(`prometheus/rules/${name}.yml`)) as Rules;
      const bundled = parse(readFileSync(join(root, 'prometheus', 'rules', `${name}.yml`), 'utf8')) as Rules;
      const exprs = ({ groups }: Rules) => groups.map(({ rules }) => rules.map(({ expr }) => expr));
      assert.deepEqual(exprs(own), exprs(bundled));
    }
  });
});
