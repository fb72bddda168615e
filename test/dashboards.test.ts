import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { dashboardLink } from '../services/orchestrator/src/run/run-subscribers.ts';
import { bundledDashboards, ownDashboards, ownSystem } from './support/all-dashboards.ts';
import { type Dashboard, isRow, type Panel, panelsOf, type Row } from './support/dashboard-panels.ts';
import { expositions, metricsCatalogue, runExpositions, type Series } from './support/metrics-catalogue.ts';
import { isCounter, selectorsOf, seriesOfVariable } from './support/promql.ts';
import { renamedSystem } from './support/renamed-system.ts';
import { readRules } from './support/rules.ts';
import { assertKnown } from './support/watched.ts';

const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');

/** Valid range windows by function. */
const windowsOf: Partial<Record<string, string[]>> = {
  rate: ['$__rate_interval'],
  increase: ['$__rate_interval', '$__range'],
  max_over_time: ['$__interval', '$__rate_interval'],
  min_over_time: ['$__interval'],
  last_over_time: ['1d'],
};

function areRight(made: Record<string, Dashboard>, responses: () => Promise<Record<string, string>>): void {
  const all = Object.values(made);
  const panels = all.flatMap(panelsOf);
  let catalogue: Series[] = [];
  before(async () => {
    catalogue = metricsCatalogue(await responses());
  });

  it('have unique ids and are not editable', () => {
    assert.equal(new Set(all.map(({ uid }) => uid)).size, all.length);
    assert.equal(new Set(all.map(({ title }) => title)).size, all.length);
    for (const { id, uid, editable } of all) {
      assert.equal(id, null, uid);
      assert.equal(editable, false, uid);
    }
  });

  it('use the provisioned data source, with title, description, unit and link on every panel', () => {
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

  it('have no overlapping panels and fill the width', () => {
    for (const { uid, panels: own } of all) {
      const rows = own.filter(isRow);
      const ids = [...rows, ...panelsOf({ panels: own })].map(({ id }) => id);
      assert.equal(new Set(ids).size, own.length + rows.flatMap((row) => row.panels).length, uid);
      assertFilled(own, 0, uid);
      for (const { title, collapsed, gridPos, panels: inside } of rows) {
        assert.equal(collapsed, inside.length > 0, title);
        if (collapsed) assertFilled(inside, gridPos.y + 1, title);
      }
    }
  });

  it('query counters only as rates over a suitable window, and invent no zeros', () => {
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        assert.doesNotMatch(expr, /or vector\(|absent\(/, title);
        for (const { metric, inside, window } of selectorsOf(expr)) {
          if (metric.includes(':')) continue;
          const counted = inside === 'rate' || inside === 'increase';
          // The orchestrator runs for one run, so its counters cover one run.
          const ofOneRun = metric.startsWith('encore_run_') && inside === 'last_over_time';
          assert.ok(isCounter(metric) ? counted || ofOneRun : !counted, `${title}: ${metric} in ${inside}`);
          if (window !== null) assert.ok(windowsOf[inside ?? '']?.includes(window), `${title}: ${inside} [${window}]`);
        }
      }
    }
  });

  it('query only metrics and labels that the programs expose from their start', () => {
    for (const { title, targets } of panels) for (const { expr } of targets) assertKnown(expr, catalogue, title);
    for (const { templating } of all) {
      assert.ok(templating.list.length > 0);
      for (const { query } of templating.list) assertKnown(seriesOfVariable(query.query), catalogue, query.query);
    }
    for (const { annotations } of all)
      for (const { target } of annotations.list) assertKnown(target.expr, catalogue, 'annotation');
  });

  it('colour only names that a series can have', () => {
    const checked: string[] = [];
    for (const { title, targets, fieldConfig } of panels) {
      const metrics = new Set(targets.flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => metric)));
      const series = catalogue.filter(({ name }) => metrics.has(name));
      // Third-party programs expose their label values only while they run.
      if (series.length === 0) continue;
      const valuesOf = (label: string): string[] => series.flatMap(({ labels }) => labels[label] ?? []);
      const patterns = targets.map(({ legendFormat }) =>
        legendFormat.replace(/\{\{(\w+)\}\}/g, (_all, label: string) => `(${valuesOf(label).join('|')})`),
      );
      for (const { matcher } of fieldConfig.overrides) {
        checked.push(matcher.options);
        assert.match(matcher.options, new RegExp(`^(${patterns.join('|')})$`), title);
      }
    }
    assert.ok(checked.includes('external') && checked.includes('below minimum'));
  });
}

describe('Grafana dashboards of the bundled lab', () => {
  const made = bundledDashboards;
  const all = Object.values(made);
  const panels = all.flatMap(panelsOf);
  areRight(made, expositions);

  it('are committed as the script generates them', () => {
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

  it('are the dashboards that a run links to', () => {
    const link = dashboardLink('http://localhost:3000', 1);
    assert.equal(link, `http://localhost:3000/d/${made['run']?.uid}?from=1&to=now`);
    assert.equal(dashboardLink(undefined, 1), null);
  });

  it('show every metric of chaos, load generator and server, unless an alert uses it', async () => {
    const shown = new Set(
      [
        ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
        ...readRules().map(({ expr }) => expr),
        ...all.flatMap(({ templating }) => templating.list.map(({ query }) => seriesOfVariable(query.query))),
      ].flatMap((expr) => selectorsOf(expr).map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, ''))),
    );
    const own = metricsCatalogue(await expositions()).filter(({ name }) => /^(chaos|loadgen|encore)_/.test(name));
    const unseen = new Set(
      own.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')).filter((name) => !shown.has(name)),
    );
    assert.deepEqual([...unseen].sort(), []);
  });
});

describe('Grafana dashboards of a run of a user’s own project', () => {
  for (const [name, system, hasMemoryLimit] of [
    ['with a memory limit', renamedSystem, true],
    ['with replicas, without a memory limit', ownSystem, false],
  ] as const)
    describe(name, () => {
      const made = ownDashboards(system, hasMemoryLimit);
      areRight(made, () => runExpositions(system));

      it('name the project’s services, and nothing of the bundled server', () => {
        assert.deepEqual(Object.keys(made), ['run', 'lab']);
        const rows = Object.values(made).flatMap(({ panels }) => panels.filter(isRow));
        const shown = Object.values(made)
          .flatMap(panelsOf)
          .flatMap(({ title, description, links, targets }) => [
            ...[title, description, ...links.map(({ title: to }) => to)],
            ...targets.flatMap(({ expr, legendFormat }) => [expr, legendFormat]),
          ]);
        const texts = [...shown, ...rows.map(({ title }) => title)];
        const wrong = /server|postgres\b|breaker|shed|score/i;
        assert.deepEqual(
          texts.filter((text) => wrong.test(text)),
          [],
        );
        for (const name of ['alpha', 'Memory of alpha', 'Who started alpha', 'alpha ready', 'Proxy traffic, beta:5432'])
          assert.ok(texts.includes(name), name);
      });

      it('show the memory of each replica, and its limit if it has one', () => {
        const memory = panelsOf(made['run'] ?? { panels: [] }).find(({ title }) => title === 'Memory of alpha');
        const legends = memory?.targets.map(({ legendFormat }) => legendFormat);
        assert.deepEqual(legends, hasMemoryLimit ? ['used', 'limit'] : ['used']);
        // Each replica, not only the first.
        const matcher = system === ownSystem ? 'target=~"alpha#1|alpha#2"' : 'target="alpha"';
        for (const { expr } of memory?.targets ?? []) assert.ok(expr.includes(`{${matcher}}`), expr);
      });
    });
});

function assertFilled(panels: readonly (Panel | Row)[], top: number, where: string): void {
  const cells = new Set<string>();
  for (const { title, gridPos } of panels) {
    assert.ok(
      gridPos.x >= 0 && gridPos.y >= top && gridPos.w > 0 && gridPos.h > 0 && gridPos.x + gridPos.w <= 24,
      title,
    );
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!cells.has(`${x} ${y}`), `${title} overlaps another panel`);
        cells.add(`${x} ${y}`);
      }
  }
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  assert.equal(cells.size, 24 * (bottom - top), `${where} has a gap`);
}
