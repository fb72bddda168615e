/**
 * Grafana's HTTP API as far as a visitor needs it, in the documented shapes. Strict: rejects bodies
 * that Grafana would reject. A test sets its errors before the request.
 */
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { closeServer } from '@encore/kit';
import { root } from './command.ts';

interface Query {
  refId: string;
  expr: string;
  datasource: { uid: string };
  intervalMs: number;
  maxDataPoints: number;
}
interface Result {
  status: number;
  error?: string;
  frames: { schema: object; data: { values: unknown[][] } }[];
}

export class FakeGrafana implements AsyncDisposable {
  health = { database: 'ok', version: '', commit: 'abc' };
  home = 'Encore: run';
  readonly missing = new Set<string>();
  /** Results by expression; an expression without an entry has data. */
  readonly results = new Map<string, Partial<Result>>();
  /** Queries that Grafana would reject. */
  readonly refused: string[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #dashboards = new Map(
    globSync('grafana/dashboards/*.json', { cwd: root })
      .map((path) => JSON.parse(readFileSync(join(root, path), 'utf8')) as { uid: string })
      .map((dashboard) => [dashboard.uid, dashboard]),
  );

  static async start(version: string): Promise<FakeGrafana> {
    const fake = new FakeGrafana();
    fake.health.version = version;
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The JSON of the dashboard as served, for a test to change. */
  shown(uid: string): { panels: { title: string }[] } {
    return this.#dashboards.get(uid) as unknown as { panels: { title: string }[] };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closeServer(this.#server, 0);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const { status, body } = this.#route(`${request.method} ${request.url}`, request.headers['content-type'], text);
    if (status === 400 && !('results' in body)) this.refused.push(text);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #route(line: string, type: string | undefined, text: string): { status: number; body: object } {
    if (line === 'GET /api/health') return { status: this.health.database === 'ok' ? 200 : 503, body: this.health };
    if (line === 'GET /api/dashboards/home') {
      const meta = { isHome: true, canSave: false, canEdit: false };
      return { status: 200, body: { dashboard: { title: this.home, panels: [] }, meta } };
    }
    const uid = /^GET \/api\/dashboards\/uid\/([\w-]+)$/.exec(line)?.[1];
    const dashboard = uid !== undefined && !this.missing.has(uid) ? this.#dashboards.get(uid) : undefined;
    if (dashboard) return { status: 200, body: { dashboard, meta: { provisioned: true, url: `/d/${uid}/encore` } } };
    if (line === 'POST /api/ds/query' && type === 'application/json') return this.#query(text);
    return { status: 404, body: { message: 'Not found' } };
  }

  #query(text: string): { status: number; body: object } {
    const { queries = [], from, to } = JSON.parse(text) as { queries?: Query[]; from: unknown; to: unknown };
    const times = [from, to].every((time) => typeof time === 'string' && /^\d{13}$/.test(time));
    const refIds = new Set(queries.map(({ refId }) => refId));
    const known = queries.every(({ datasource }) => datasource?.uid === 'encore-prometheus');
    if (queries.length === 0 || !times || refIds.size !== queries.length || refIds.has('') || !queries.every(isQuery))
      return { status: 400, body: { message: 'bad request data' } };
    if (!known) return { status: 404, body: { message: 'Data source not found' } };
    const results = Object.fromEntries(queries.map(({ refId, expr }) => [refId, this.#result(refId, expr)]));
    const failed = Object.values(results).some(({ error }) => error !== undefined);
    return { status: failed ? 400 : 200, body: { results } };
  }

  #result(refId: string, expr: string): Result {
    const fields = [
      { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' } },
      { name: 'Value', type: 'number', typeInfo: { frame: 'float64' } },
    ];
    const values = [
      [1_644_488_152_000, 1_644_488_157_000],
      [null, 1],
    ];
    return { status: 200, frames: [{ schema: { refId, fields }, data: { values } }], ...this.results.get(expr) };
  }
}

function isQuery({ refId, expr, intervalMs, maxDataPoints }: Query): boolean {
  return typeof refId === 'string' && typeof expr === 'string' && expr !== '' && intervalMs > 0 && maxDataPoints > 0;
}
