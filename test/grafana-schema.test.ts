/**
 * Checks the committed dashboards against the types that Grafana publishes for the pinned version.
 * The compiler gets each dashboard, each panel and its options as literals, so that a missing,
 * misspelt or wrong setting does not compile.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { parse } from 'yaml';
import { root, runCommand } from './support/command.ts';
import { type Dashboard, isRow, panelsOf } from './support/dashboard-panels.ts';

const folder = join(root, 'grafana', 'dashboards');
const schema = join(root, 'node_modules', '@grafana', 'schema');
const types = join(schema, 'dist', 'types');
const published: Record<string, string> = {
  timeseries: 'timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen',
  stat: 'stat/panelcfg/x/StatPanelCfg_types.gen',
  bargauge: 'bargauge/panelcfg/x/BarGaugePanelCfg_types.gen',
  heatmap: 'heatmap/panelcfg/x/HeatmapPanelCfg_types.gen',
  'state-timeline': 'statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen',
};
/** Panel types with their own field settings. */
const withFields = ['timeseries', 'heatmap', 'state-timeline'];

/** In JSON an enumeration of the published types is plain text. */
const head = [
  `import type { AnnotationQuery, Dashboard, DataQuery, Panel, RowPanel } from '${types}/index.d.ts';`,
  `type Json<T> = unknown extends T ? T : T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;`,
  // What the Prometheus data source reads beside the common settings.
  'type PromQuery = DataQuery & { expr: string; interval?: string };',
  'type PromAnnotation = AnnotationQuery<PromQuery> & { titleFormat: string; textFormat: string };',
  ...Object.entries(published).map(
    ([type, path]) => `import type * as ${name(type)} from '${types}/raw/composable/${path}.d.ts';`,
  ),
];

function name(type: string): string {
  return type.replace('-', '');
}

function literals({ panels, annotations, ...dashboard }: Dashboard): string[] {
  const rows = panels.filter(isRow).map((row) => ({ ...row, panels: [] }));
  const literal = (type: string, value: unknown): string => `(${JSON.stringify(value)}) satisfies Json<${type}>;`;
  return [
    literal('Dashboard', dashboard),
    ...annotations.list.map((annotation) => literal('PromAnnotation', annotation)),
    ...rows.map((row) => literal('RowPanel', row)),
    ...panelsOf({ panels }).flatMap((panel) => [
      literal('Panel', panel),
      literal(`${name(panel.type)}.Options`, panel.options),
      ...(withFields.includes(panel.type)
        ? [literal(`${name(panel.type)}.FieldConfig`, panel.fieldConfig.defaults.custom)]
        : []),
    ]),
  ];
}

describe('Grafana’s published schema', () => {
  let temporary = '';
  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'encore-grafana-'));
  });
  after(() => rm(temporary, { recursive: true }));

  async function complaints(dashboards: Dashboard[]): Promise<string> {
    await writeFile(join(temporary, 'dashboards.ts'), [...head, ...dashboards.flatMap(literals)].join('\n'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler'];
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const where = { cwd: temporary, timeoutMs: 30_000 };
    const { stdout, exitCode } = await runCommand(tsc, [...flags, '--types', '', 'dashboards.ts'], where);
    assert.equal(exitCode === 0, stdout === '', stdout);
    return stdout;
  }
  const committed = (): Dashboard[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard);

  it('has the version of the image that docker-compose.yml pins', () => {
    const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
      services: { grafana: { image: string } };
    };
    const { version } = JSON.parse(readFileSync(join(schema, 'package.json'), 'utf8')) as { version: string };
    assert.equal(services.grafana.image, `grafana/grafana:${version}`);
  });

  it('accepts every dashboard, every panel and its options', async () => {
    assert.equal(committed().length, 3);
    assert.equal(await complaints(committed()), '');
  }).timeout(30_000);

  it('rejects a misspelt setting, a wrong value and a missing one', async () => {
    const broken: [find: string, put: string][] = [
      ['"graphTooltip":1', '"graphTooltip":7'],
      ['"editable":false', '"editible":false'],
      ['"showLegend":true', '"showLegends":true'],
      ['"drawStyle":"line"', '"drawStyle":"lines"'],
      ['"w":4,', ''],
      ['"rowHeight":0.8,', ''],
    ];
    for (const [find, put] of broken) {
      const text = JSON.stringify(committed());
      assert.ok(text.includes(find), find);
      const errors = await complaints(JSON.parse(text.replaceAll(find, put)) as Dashboard[]);
      assert.match(errors, /^dashboards\.ts\(\d+,\d+\): error TS/, find);
    }
  }).timeout(60_000);
});
