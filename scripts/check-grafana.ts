/**
 * Asks a running Grafana whether it shows what is committed, as a visitor without a login does: it is well and of the pinned version,
 * opens on the run, has each dashboard with its panels, and each query of each panel and annotation answers with numbers.
 *
 *   node scripts/check-grafana.ts http://127.0.0.1:3000 [minutes to look back, 10 when not given]
 *
 * It is for after a run: before one there is nothing to show. Ends 1 with a line for each thing that is wrong.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const timeoutMs = 30_000;
/** As a panel of that many pixels asks: never finer than a scrape. */
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
/** What the visitor asks in one go, and the names under which it is told when something is wrong. */
interface Asked {
  where: string;
  queries: Target[];
  /** The panel states what no data means, so one of its queries is enough. */
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
  /** What was asked, in a line. */
  summary: string;
}

export async function checkGrafana(url: string, minutes: number): Promise<GrafanaFindings> {
  const visitor = new Visitor(url);
  const dashboards = committed();
  const asked = dashboards.flatMap(queriesOf);
  const problems = [await healthProblems(visitor), await homeProblems(visitor, dashboards)];
  for (const dashboard of dashboards) problems.push(await dashboardProblems(visitor, dashboard));
  for (const one of asked) problems.push(await queryProblems(visitor, one, minutes));
  const queries = asked.reduce((sum, one) => sum + one.queries.length, 0);
  return {
    problems: problems.flat(),
    summary: `${dashboards.length} dashboards, ${asked.length} panels and annotations, ${queries} queries`,
  };
}

/** Without a login, so what it may not see nobody may. */
class Visitor {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  get(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
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
    ...(status === 200 && database === 'ok' ? [] : [`it is not well: status ${status}, database ${database}`]),
    // Hidden from visitors where Grafana is told to; then there is nothing to compare.
    ...(version === undefined || version === pinned ? [] : [`it is version ${version}, and ${pinned} is pinned`]),
  ];
}

async function homeProblems(visitor: Visitor, dashboards: readonly Dashboard[]): Promise<string[]> {
  const { status, body } = await visitor.get('/api/dashboards/home');
  const { dashboard, meta } = body as Shown;
  const run = dashboards.find(({ uid }) => uid === 'encore-run');
  return status === 200 && meta?.isHome === true && dashboard?.title === run?.title
    ? []
    : [`it opens on ${dashboard?.title ?? `status ${status}`}, not on ${run?.title}`];
}

async function dashboardProblems(visitor: Visitor, { uid, title, panels }: Dashboard): Promise<string[]> {
  const { status, body } = await visitor.get(`/api/dashboards/uid/${uid}`);
  if (status !== 200) return [`${title} is not there: status ${status}`];
  const { dashboard, meta } = body as Shown;
  const shown = new Set(panelsOf(dashboard?.panels ?? []).map((panel) => panel.title));
  return [
    ...(meta?.provisioned === true ? [] : [`${title} does not come from the committed file`]),
    ...panelsOf(panels)
      .filter((panel) => !shown.has(panel.title))
      .map((panel) => `${title} lacks the panel ${panel.title}`),
  ];
}

async function queryProblems(
  visitor: Visitor,
  { where, queries, mayBeEmpty }: Asked,
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
    ...missed.map(({ expr }) => `${where} shows nothing: ${expr}`),
  ];
}

function panelsOf(panels: readonly (Panel | Row)[]): Panel[] {
  return panels.flatMap((panel) => ('targets' in panel ? [panel] : panel.panels));
}

function hasNumbers({ data }: Frame): boolean {
  return data?.values?.slice(1).some((column) => column.some((value) => typeof value === 'number')) ?? false;
}

function queriesOf({ title, panels, annotations }: Dashboard): Asked[] {
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
