/**
 * The subset of the Docker Engine API that the chaos service uses, served on a Unix socket:
 *
 *   GET  /_ping /version /info /events
 *   GET  /containers/json   GET /containers/:id/json   GET /containers/:id/stats
 *   POST /containers/:id/start stop restart kill pause unpause update
 *   everything about networks and exec: 501
 *
 * Errors are {message}, with Docker's status codes.
 */
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { z } from 'zod';
import { apiVersion, infoView, inspectView, listView, statsView, versionView } from './docker-views.ts';
import type { Engine } from './engine.ts';
import { EngineError, unsupported } from './engine-error.ts';
import { type EngineEvent, type EventFilters, eventMatches, hasLabels } from './engine-events.ts';
import { parseSignal } from './signal-name.ts';
import { applyUpdate } from './update-request.ts';

export function engineApi(engine: Engine): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((request, _response, next) => {
    request.url = request.url.replace(/^\/v1\.\d+(?=\/)/, '');
    next();
  });
  app.use(express.json({ limit: '1mb', type: () => true }));
  app.get('/_ping', (_request, response) => void response.set('API-Version', apiVersion).type('text').send('OK'));
  app.get('/version', (_request, response) => void response.json(versionView()));
  app.get('/info', (_request, response) => void response.json(infoView(engine)));
  app.get('/events', (request, response) => streamEvents(engine, request, response));
  addContainerRoutes(app, engine);
  app.use(/^\/networks(\/.*)?$/, () => {
    throw unsupported('networks');
  });
  app.post(/^\/(containers\/[^/]+\/exec|exec\/.*)$/, () => {
    throw unsupported('exec');
  });
  app.use((_request, response) => void response.status(404).json({ message: 'page not found' }));
  app.use(answerError);
  return app;
}

function addContainerRoutes(app: Express, engine: Engine): void {
  const act = (name: string, run: (request: Request<{ id: string }>) => unknown) => {
    app.post(`/containers/:id/${name}`, async (request: Request<{ id: string }>, response) => {
      // As in Docker, 304 when the container is already in the requested state.
      const changed = await run(request);
      response.status(changed === false ? 304 : 204).end();
    });
  };
  const of = ({ params }: Request<{ id: string }>) => engine.find(params.id);
  app.get('/containers/json', (request, response) => {
    const { label, name, status } = filtersOf(request);
    const listed = engine.containers.filter(
      ({ spec, state }) =>
        hasLabels(spec.labels, label) &&
        (name ?? [spec.name]).some((part) => spec.name.includes(part.replace(/^\//, ''))) &&
        (status ? status.includes(state.status) : isSet(request.query['all']) || state.status !== 'exited'),
    );
    response.json(listed.map(listView));
  });
  app.get('/containers/:id/json', (request, response) => void response.json(inspectView(of(request))));
  app.get('/containers/:id/stats', (request, response) => {
    if (request.query['stream'] === undefined || isSet(request.query['stream'])) throw unsupported('streamed stats');
    response.json(statsView(of(request), engine.now));
  });
  act('start', (request) => of(request).start());
  act('stop', (request) => of(request).stop(graceMs(request)));
  act('restart', (request) => of(request).restart(graceMs(request)));
  act('kill', (request) => {
    const { signal } = request.query;
    of(request).kill(parseSignal(typeof signal === 'string' && signal !== '' ? signal : 'SIGKILL'));
  });
  act('pause', (request) => of(request).pause());
  act('unpause', (request) => of(request).unpause());
  app.post('/containers/:id/update', (request: Request<{ id: string }>, response) => {
    applyUpdate(of(request), request.body);
    response.json({ Warnings: null });
  });
}

const isSet = (value: unknown): boolean => value === '1' || value === 'true' || value === 'True';

function graceMs({ query }: Request<{ id: string }>): number | undefined {
  return typeof query['t'] === 'string' ? Number(query['t']) * 1_000 : undefined;
}

const stringsSchema = z.union([
  z.array(z.string()),
  z.record(z.string(), z.boolean()).transform((set) => Object.keys(set).filter((key) => set[key])),
]);
const filtersSchema = z
  .object({ type: stringsSchema, event: stringsSchema, container: stringsSchema, label: stringsSchema })
  .extend({ name: stringsSchema, status: stringsSchema })
  .partial();

function filtersOf({ query }: Request): z.infer<typeof filtersSchema> {
  const { filters } = query;
  try {
    return filtersSchema.parse(JSON.parse(typeof filters === 'string' && filters !== '' ? filters : '{}'));
  } catch (error) {
    throw new EngineError(400, `invalid filter: ${String(error)}`);
  }
}

/**
 * Streams one JSON object per line: first the events since `since`, then new ones as they occur.
 */
function streamEvents(engine: Engine, request: Request, response: Response): void {
  const filters = filtersOf(request) as EventFilters;
  const { since, until } = request.query;
  const send = (event: EngineEvent) => {
    if (eventMatches(event, filters)) response.write(`${JSON.stringify(event)}\n`);
  };
  response.status(200).type('json');
  response.flushHeaders();
  if (typeof since === 'string') for (const event of engine.events.since(Number(since) * 1_000)) send(event);
  const listening = engine.events.listen(send);
  const leftMs = typeof until === 'string' ? Math.max(0, Number(until) * 1_000 - engine.now) : null;
  const timer = leftMs === null ? undefined : setTimeout(() => response.end(), leftMs);
  response.on('close', () => {
    clearTimeout(timer);
    listening[Symbol.dispose]();
  });
}

const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error instanceof EngineError ? error.status : errorStatus(error);
  response.status(status).json({ message: error instanceof Error ? error.message : String(error) });
};

/** express.json sets a status on its errors. */
function errorStatus(error: unknown): number {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
}
