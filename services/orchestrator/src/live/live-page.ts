/**
 * The live page: the report's page during the run, updated by server-sent events. The judge of the
 * verdict evaluates the same events, so the page shows what the report would show now.
 */
import type { Clock } from '@encore/kit';
import type { Express, Response } from 'express';
import { Ledger } from '../judge/collect/integrity.ts';
import { type Judgement, judge } from '../judge/judge.ts';
import type { RunView, Snapshot } from '../progress/run-view.ts';
import { renderPage, renderUpdate } from '../report/page.ts';

const everyMs = 2_000;
const maxClients = 20;
/** A client with more unread data is skipped until it catches up. */
const maxUnreadBytes = 1_048_576;
const path = '/live-updates';

export class LivePage {
  readonly #view: RunView;
  readonly #clock: Clock;
  readonly #dashboardUrl: string | null;
  readonly #clients = new Set<Response>();
  #timer: NodeJS.Timeout | null = null;
  /** The verdict, once there is one. */
  #final: Judgement | null = null;

  constructor(view: RunView, clock: Clock, dashboardUrl: string | null = null) {
    this.#view = view;
    this.#clock = clock;
    this.#dashboardUrl = dashboardUrl;
  }

  routes(app: Express): void {
    app.get('/', (_request, response) => {
      const options = { liveUrl: path, dashboardUrl: this.#dashboardUrl, state: this.#snapshot() };
      response.type('html').send(renderPage(this.#judgement(), options));
    });
    app.get(path, (request, response) => {
      if (this.#clients.size >= maxClients) return void response.status(503).end();
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('retry: 2000\n\n');
      this.#clients.add(response);
      request.once('close', () => this.#clients.delete(response));
      this.#send(response, this.#update());
      this.#timer ??= setTimeout(() => this.#tick(), everyMs);
    });
  }

  /** Sends the verdict to all clients and closes their connections. */
  finish(judgement: Judgement): void {
    this.#final = judgement;
    this.close();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const update = this.#final === null || this.#clients.size === 0 ? null : this.#update();
    for (const client of this.#clients) {
      if (update !== null) this.#send(client, update);
      client.end('event: end\ndata: over\n\n');
    }
    this.#clients.clear();
  }

  #judgement(): Judgement {
    return this.#final ?? judge({ history: this.#view.history, ledger: new Ledger(), problems: [] });
  }

  /** Stops without clients, and uses at most a tenth of the CPU time. */
  #tick(): void {
    this.#timer = null;
    if (this.#clients.size === 0) return;
    const startedAt = performance.now();
    const update = this.#update();
    for (const client of this.#clients) if (client.writableLength < maxUnreadBytes) this.#send(client, update);
    this.#timer = setTimeout(() => this.#tick(), everyMs + 10 * (performance.now() - startedAt));
  }

  #update(): string {
    return JSON.stringify(renderUpdate(this.#judgement(), this.#final === null, this.#snapshot()));
  }

  #snapshot(): Snapshot {
    return this.#view.snapshot(this.#clock.now());
  }

  #send(client: Response, update: string): void {
    client.write(`data: ${update}\n\n`);
  }
}
