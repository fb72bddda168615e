import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { dashboards } from '../scripts/make-dashboards.ts';

const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');

interface Panel {
  title: string;
  description: string;
  datasource: { uid: string };
  fieldConfig: { defaults: { unit: string } };
  targets: { expr: string }[];
}

describe('Grafana dashboards', () => {
  it('are committed as the script makes them', () => {
    const made = dashboards();
    assert.deepEqual(
      readdirSync(folder).sort(),
      Object.keys(made)
        .map((name) => `${name}.json`)
        .sort(),
    );
    for (const [name, content] of Object.entries(made)) {
      assert.deepEqual(
        JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')),
        content,
        `run node scripts/make-dashboards.ts`,
      );
    }
  });

  it('use the provisioned data source, and name, unit and description on every panel', () => {
    const provisioned = readFileSync(join(folder, '..', 'provisioning', 'datasources', 'prometheus.yml'), 'utf8');
    for (const content of Object.values(dashboards())) {
      for (const panel of content['panels'] as Panel[]) {
        assert.ok(provisioned.includes(`uid: ${panel.datasource.uid}`), panel.title);
        assert.ok(
          panel.title !== '' && panel.description.length > 20 && panel.fieldConfig.defaults.unit !== '',
          panel.title,
        );
        assert.ok(panel.targets.length > 0, panel.title);
        // A made-up zero would hide a metric that is missing.
        for (const { expr } of panel.targets) assert.doesNotMatch(expr, /or vector\(/, panel.title);
      }
    }
  });
});
