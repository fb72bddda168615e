/**
 * Toxiproxy's HTTP API, version 2.12, over a collection of proxies:
 *
 *   GET /version   POST /reset   POST /populate
 *   GET, POST /proxies           GET, POST, PATCH, DELETE /proxies/:proxy
 *   GET, POST /proxies/:proxy/toxics      GET, POST, PATCH, DELETE /proxies/:proxy/toxics/:toxic
 *
 * Errors are {error, status}. Browsers (`Mozilla/`) are refused, so that no web page can drive the
 * proxy. With a token, which Toxiproxy lacks, every request except GET /version must carry it:
 * on the embedded runtime no network keeps other local users out.
 */
import { EncoreError, tokenGuard } from '@encore/kit';
import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import type { ProxyCollection } from './proxy-collection.ts';
import { badRequestBody, ProxyError } from './proxy-error.ts';

export const toxiproxyVersion = '2.12.0';

export function proxyApi(proxies: ProxyCollection, token?: string): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((request, response, next) => {
    if (request.get('user-agent')?.startsWith('Mozilla/')) response.status(403).send('User agent not allowed\n');
    else next();
  });
  app.get('/version', (_request, response) => void response.json({ version: toxiproxyVersion }));
  if (token !== undefined) app.use(tokenGuard(token));
  // Toxiproxy parses the body as JSON whatever the content type.
  app.use(express.text({ type: () => true, limit: '1mb' }));

  app.post('/reset', async (_request, response) => {
    await proxies.reset();
    response.status(204).end();
  });
  app.post('/populate', async (request, response) => {
    response.status(201).json({ proxies: await proxies.populate(bodyOf(request)) });
  });
  app
    .route('/proxies')
    .get(
      (_request, response) => void response.json(Object.fromEntries(proxies.all().map((proxy) => [proxy.name, proxy]))),
    )
    .post(async (request, response) => void response.status(201).json(await proxies.create(bodyOf(request))));
  const changeProxy = async (request: Request<{ proxy: string }>) =>
    await proxies.change(request.params.proxy, bodyOf(request));
  app
    .route('/proxies/:proxy')
    .get((request, response) => void response.json(proxies.show(request.params.proxy)))
    .post(async (request, response) => void response.json(await changeProxy(request)))
    .patch(async (request, response) => void response.json(await changeProxy(request)))
    .delete(async (request, response) => {
      await proxies.remove(request.params.proxy);
      response.status(204).end();
    });
  addToxicRoutes(app, proxies);
  app.use((_request, response) => void response.status(404).type('text').send('404 page not found\n'));
  app.use(answerError);
  return app;
}

function addToxicRoutes(app: Express, proxies: ProxyCollection): void {
  app
    .route('/proxies/:proxy/toxics')
    .get((request, response) => void response.json(proxies.show(request.params.proxy).toxics))
    .post((request, response) => void response.json(proxies.addToxic(request.params.proxy, bodyOf(request))));
  const changeToxic = (request: Request<{ proxy: string; toxic: string }>) =>
    proxies.changeToxic(request.params.proxy, request.params.toxic, bodyOf(request));
  app
    .route('/proxies/:proxy/toxics/:toxic')
    .get(({ params }, response) => void response.json(proxies.showToxic(params.proxy, params.toxic)))
    .post((request, response) => void response.json(changeToxic(request)))
    .patch((request, response) => void response.json(changeToxic(request)))
    .delete(({ params }, response) => {
      proxies.removeToxic(params.proxy, params.toxic);
      response.status(204).end();
    });
}

function bodyOf(request: { body?: unknown }): unknown {
  try {
    return JSON.parse(typeof request.body === 'string' ? request.body : '');
  } catch (error) {
    throw badRequestBody(error instanceof Error ? error.message : String(error));
  }
}

const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error instanceof ProxyError || error instanceof EncoreError ? error.status : 500;
  response.status(status).json({ error: error instanceof Error ? error.message : String(error), status });
};
