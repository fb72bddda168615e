import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { dashboards } from '../scripts/make-dashboards.ts';
import { metricsCatalogue, type Series } from './support/metrics-catalogue.ts';
import { isCounter, selectorsOf, seriesOfVariable } from './support/promql.ts';
import { readRules } from './support/rules.ts';
import { assertKnown } from './support/watched.ts';

const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');

interface Panel {
  id: number;
  title: string;
  description: string;
  type: string;
  datasource: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  links: { title: string; url: string }[];
  fieldConfig: { defaults: { unit: string } };
  targets: { refId: string; expr: string; legendFormat: string; datasource: { uid: string } }[];
}
interface Dashboard {
  id: null;
  uid: string;
  title: string;
  editable: boolean;
  panels: Panel[];
  annotations: { list: { target: { expr: string } }[] };
  templating: { list: { name: string; query: { query: string } }[] };
}

describe('Grafana dashboards', () => {
  const made = dashboards() as unknown as Record<string, Dashboard>;
  const all = Object.values(made);
  const panels = all.flatMap((dashboard) => dashboard.panels);
  let catalogue: Series[] = [];
  before(async () => {
    catalogue = await metricsCatalogue();
  });

  it('are committed as the script makes them', () => {
    const names = Object.keys(made).map((name) => `${name}.json`);
    assert.deepEqual(
      readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .sort(),
      names.sort(),
    );
    for (const [name, content] of Object.entries(made)) {
      const committed: unknown = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
      assert.deepEqual(committed, content, `run node scripts/make-dashboards.ts`);
    }
  });

  it('have an id that no other has, and are not to be edited by hand', () => {
    assert.equal(new Set(all.map(({ uid }) => uid)).size, all.length);
    assert.equal(new Set(all.map(({ title }) => title)).size, all.length);
    for (const { id, uid, editable } of all) {
      assert.equal(id, null, uid);
      assert.equal(editable, false, uid);
    }
  });

  it('use the provisioned data source; title, description, unit and link stand on every panel', () => {
    const provisioned = readFileSync(join(folder, '..', 'provisioning', 'datasources', 'prometheus.yml'), 'utf8');
    const uids = new Set(all.map(({ uid }) => uid));
    const variables = new Set(all.flatMap(({ templating }) => templating.list.map(({ name }) => name)));
    for (const { title, description, datasource, fieldConfig, links, targets } of panels) {
      for (const { uid } of [datasource, ...targets.map((target) => target.datasource)])
        assert.ok(provisioned.includes(`uid: ${uid}`), title);
      assert.ok(title !== '' && description.length > 20 && fieldConfig.defaults.unit !== '', title);
      assert.ok(targets.length > 0 && targets.every(({ legendFormat }) => legendFormat !== ''), title);
      assert.ok(links.length > 0, title);
      for (const { url } of links) {
        const linked = /^\/d\/([\w-]+)/.exec(url)?.[1];
        const variable = /^\$\{(\w+):raw\}$/.exec(url)?.[1];
        assert.ok(linked === undefined ? variables.has(variable ?? '') : uids.has(linked), `${title}: ${url}`);
      }
    }
  });

  it('lay no panel over another, and fill the width', () => {
    for (const { uid, panels: own } of all) {
      assert.equal(new Set(own.map(({ id }) => id)).size, own.length, uid);
      const cells = new Set<string>();
      for (const { title, gridPos } of own) {
        assert.ok(
          gridPos.x >= 0 && gridPos.y >= 0 && gridPos.w > 0 && gridPos.h > 0 && gridPos.x + gridPos.w <= 24,
          title,
        );
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.ok(!cells.has(`${x} ${y}`), `${title} lies over another panel`);
            cells.add(`${x} ${y}`);
          }
      }
      const height = Math.max(...own.map(({ gridPos }) => gridPos.y + gridPos.h));
      assert.equal(cells.size, 24 * height, `${uid} has a gap`);
    }
  });

  it('ask for counters only as rates over a window that fits the resolution, and make no zero up', () => {
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        assert.doesNotMatch(expr, /or vector\(|absent\(/, title);
        for (const { metric, inside, window } of selectorsOf(expr)) {
          if (metric.includes(':')) continue;
          assert.equal(isCounter(metric), inside === 'rate' || inside === 'increase', `${title}: ${metric}`);
          if (window !== null) assert.ok(['$__rate_interval', '$__range'].includes(window), `${title}: [${window}]`);
        }
      }
    }
  });

  it('ask only for metrics and labels that the programs tell from their start', () => {
    for (const { title, targets } of panels) for (const { expr } of targets) assertKnown(expr, catalogue, title);
    for (const { templating } of all) {
      assert.ok(templating.list.length > 0);
      for (const { query } of templating.list) assertKnown(seriesOfVariable(query.query), catalogue, query.query);
    }
    for (const { annotations } of all)
      for (const { target } of annotations.list) assertKnown(target.expr, catalogue, 'annotation');
  });

  it('show every metric of the chaos service, the load generator and the server somewhere, or an alert does', () => {
    const shown = new Set(
      [
        ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
        ...readRules().map(({ expr }) => expr),
        ...all.flatMap(({ templating }) => templating.list.map(({ query }) => seriesOfVariable(query.query))),
      ].flatMap((expr) => selectorsOf(expr).map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, ''))),
    );
    const own = catalogue.filter(({ name }) => /^(chaos|loadgen|encore)_/.test(name));
    const unseen = new Set(
      own.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')).filter((name) => !shown.has(name)),
    );
    assert.deepEqual([...unseen].sort(), []);
  });
});
