/** Base class of the fake services: JSON routes and an event log on a fixed free port. */
import { createLogger, createRegistry, EventLog, type HttpService, startHttpService } from '@encore/kit';
import type { Express } from 'express';

export abstract class FakeService {
  events = new EventLog();
  /** All received requests, for example `POST /run`. */
  readonly asked: string[] = [];
  #http: HttpService | null = null;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  protected abstract routes(app: Express): void;

  async start(): Promise<void> {
    this.#http = await startHttpService({
      host: '127.0.0.1',
      port: this.#port,
      logger: createLogger('fake', 'silent'),
      registry: createRegistry('fake'),
      ready: () => true,
      routes: (app) => {
        app.use((request, _response, next) => {
          this.asked.push(`${request.method} ${request.path}`);
          next();
        });
        app.get('/events', (request, response) => {
          const { instance, after } = request.query;
          response.json(this.events.page(String(instance), Number(after)));
        });
        this.routes(app);
      },
    });
    this.#port = this.#http.port;
  }

  async stop(): Promise<void> {
    await this.#http?.[Symbol.asyncDispose]();
    this.#http = null;
  }

  /** Restarts the service with an empty event log. */
  async restart(): Promise<void> {
    await this.stop();
    this.events = new EventLog();
    await this.start();
  }
}
