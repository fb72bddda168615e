/**
 * Checks that a running Grafana shows the committed dashboards, as a visitor without a login:
 * it is healthy, has the pinned version, opens on the run, has each dashboard with its panels, and
 * each query of each panel and annotation returns numbers.
 *
 *   node scripts/check-grafana.ts http://127.0.0.1:3000 [minutes to look back, default 10]
 *
 * Run it after a run; before one there is no data. Exits 1 with a line for each problem.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const timeoutMs = 30_000;
/** Resolution of a panel with 1000 pixels: never finer than a scrape. */
const resolution = { intervalMs: 5_000, maxDataPoints: 1_000 };

interface Target {
  refId: string;
  expr: string;
}
interface Panel {
  title: string;
  fieldConfig: { defaults: { noValue?: string } };
  targets: Target[];
}
/** The panels of a collapsed row are inside it. */
interface Row {
  type: 'row';
  title: string;
  panels: Panel[];
}
interface Dashboard {
  uid: string;
  title: string;
  panels: (Panel | Row)[];
  annotations: { list: { name: string; target: Target; datasource: object }[] };
}
interface Shown {
  dashboard?: { title?: string; panels?: (Panel | Row)[] };
  meta?: { provisioned?: boolean; isHome?: boolean };
}
/** Queries of one request, with the name that problems are reported under. */
interface PanelQueries {
  where: string;
  queries: Target[];
  /** True when the panel defines a text for no data, so that one query with data is enough. */
  mayBeEmpty: boolean;
}
interface Answer {
  status: number;
  body: unknown;
}
/** A frame holds columns; the first is the time. */
interface Frame {
  data?: { values?: unknown[][] };
}
interface QueryAnswer {
  message?: string;
  results?: Record<string, { error?: string; frames?: Frame[] }>;
}

export interface GrafanaFindings {
  problems: string[];
  /** One line on what was queried. */
  summary: string;
}

export async function checkGrafana(url: string, minutes: number): Promise<GrafanaFindings> {
  const visitor = new Visitor(url);
  const dashboards = committed();
  const queried = dashboards.flatMap(queriesOf);
  const problems = [await healthProblems(visitor), await homeProblems(visitor, dashboards)];
  for (const dashboard of dashboards) problems.push(await dashboardProblems(visitor, dashboard));
  for (const one of queried) problems.push(await queryProblems(visitor, one, minutes));
  const queries = queried.reduce((sum, one) => sum + one.queries.length, 0);
  return {
    problems: problems.flat(),
    summary: `${dashboards.length} dashboards, ${queried.length} panels and annotations, ${queries} queries`,
  };
}

/** Requests without a login, so what the visitor cannot see no visitor can. */
class Visitor {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  get(path: string): Promise<Answer> {
    return this.#request(path, {});
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #request(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    try {
      return { status: response.status, body: JSON.parse(text) };
    } catch {
      return { status: response.status, body: { message: text.slice(0, 200) } };
    }
  }
}

async function healthProblems(visitor: Visitor): Promise<string[]> {
  const { status, body } = await visitor.get('/api/health');
  const { database, version } = body as { database?: string; version?: string };
  const pinned = pinnedVersion();
  return [
    ...(status === 200 && database === 'ok' ? [] : [`it is not healthy: status ${status}, database ${database}`]),
    // Undefined when Grafana hides its version from visitors; then there is nothing to compare.
    ...(version === undefined || version === pinned ? [] : [`it has version ${version}, but ${pinned} is pinned`]),
  ];
}

async function homeProblems(visitor: Visitor, dashboards: readonly Dashboard[]): Promise<string[]> {
  const { status, body } = await visitor.get('/api/dashboards/home');
  const { dashboard, meta } = body as Shown;
  const run = dashboards.find(({ uid }) => uid === 'encore-run');
  return status === 200 && meta?.isHome === true && dashboard?.title === run?.title
    ? []
    : [`it opens on ${dashboard?.title ?? `status ${status}`} instead of ${run?.title}`];
}

async function dashboardProblems(visitor: Visitor, { uid, title, panels }: Dashboard): Promise<string[]> {
  const { status, body } = await visitor.get(`/api/dashboards/uid/${uid}`);
  if (status !== 200) return [`dashboard ${title} is missing: status ${status}`];
  const { dashboard, meta } = body as Shown;
  const shown = new Set(panelsOf(dashboard?.panels ?? []).map((panel) => panel.title));
  return [
    ...(meta?.provisioned === true ? [] : [`${title} is not provisioned from the committed file`]),
    ...panelsOf(panels)
      .filter((panel) => !shown.has(panel.title))
      .map((panel) => `${title} is missing the panel ${panel.title}`),
  ];
}

async function queryProblems(
  visitor: Visitor,
  { where, queries, mayBeEmpty }: PanelQueries,
  minutes: number,
): Promise<string[]> {
  const now = Date.now();
  const { status, body } = await visitor.post('/api/ds/query', {
    queries: queries.map((query) => ({ ...query, ...resolution, range: true, instant: false })),
    from: String(now - minutes * 60_000),
    to: String(now),
  });
  const { results, message } = body as QueryAnswer;
  if (results === undefined) return [`${where}: status ${status}, ${message}`];
  const answers = queries.map(({ refId, expr }) => ({ expr, ...(results[refId] ?? { error: 'no answer' }) }));
  const refused = answers.filter(({ error }) => error !== undefined);
  const empty = answers.filter(({ error, frames }) => error === undefined && !frames?.some(hasNumbers));
  const missed = mayBeEmpty && empty.length < answers.length ? [] : empty;
  return [
    ...refused.map(({ error, expr }) => `${where}: ${error}: ${expr}`),
    ...missed.map(({ expr }) => `${where} returns no numbers: ${expr}`),
  ];
}

function panelsOf(panels: readonly (Panel | Row)[]): Panel[] {
  return panels.flatMap((panel) => ('targets' in panel ? [panel] : panel.panels));
}

function hasNumbers({ data }: Frame): boolean {
  return data?.values?.slice(1).some((column) => column.some((value) => typeof value === 'number')) ?? false;
}

function queriesOf({ title, panels, annotations }: Dashboard): PanelQueries[] {
  return [
    ...panelsOf(panels).map((panel) => ({
      where: `${title}: ${panel.title}`,
      queries: panel.targets,
      mayBeEmpty: panel.fieldConfig.defaults.noValue !== undefined,
    })),
    ...annotations.list.map(({ name, target, datasource }) => ({
      where: `${title}: annotation ${name}`,
      queries: [{ ...target, datasource }],
      mayBeEmpty: false,
    })),
  ];
}

function committed(): Dashboard[] {
  return globSync('grafana/dashboards/*.json', { cwd: root })
    .sort()
    .map((path) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Dashboard);
}

function pinnedVersion(): string {
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
    services: { grafana: { image: string } };
  };
  return services.grafana.image.split(':')[1] ?? '';
}

if (import.meta.main) {
  const [url = 'http://127.0.0.1:3000', minutes = '10'] = process.argv.slice(2);
  const { problems, summary } = await checkGrafana(url, Number(minutes));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`Grafana at ${url}: ${summary}; ${problems.length} problems\n`);
  process.exit(problems.length === 0 ? 0 : 1);
}
