/** The routes of packages/contracts/src/loadgen-api.ts. */
import { loadRunRequestSchema, pressureSchema, readBackRequestSchema } from '@encore/contracts';
import { parse } from '@encore/kit';
import type { Express } from 'express';
import type { Load } from './load.ts';
import type { Surge } from './surge.ts';

export function loadgenRoutes(load: Load, surge: Surge): (app: Express) => void {
  return (app) => {
    app.post('/run', async (request, response) => {
      await load.start(parse(loadRunRequestSchema, request.body, 'POST /run'));
      response.status(202).json(load.status());
    });
    app.put('/run/:runId', (request, response) => {
      load.renew(request.params.runId);
      response.status(204).end();
    });
    app.post('/stop', async (_request, response) => {
      await load.stop();
      response.json(load.status());
    });
    app.post('/read-back', (request, response) => {
      const { final, runId } = parse(readBackRequestSchema, request.body, 'POST /read-back');
      load.startReadBack(final, runId);
      response.status(202).json(load.status());
    });
    app.post('/baseline', async (request, response) => {
      const pressure = parse(pressureSchema, request.body, 'POST /baseline');
      load.refuseWhileActive('a baseline is measured without users');
      response.json(await surge.start(pressure));
    });
    app.post('/surge', (request, response) => {
      // Its end is logged; DELETE returns its result.
      surge.start(parse(pressureSchema, request.body, 'POST /surge')).catch(() => {});
      response.status(202).json({});
    });
    app.delete('/surge', async (_request, response) => void response.json((await surge.stop()) ?? {}));
    app.get('/status', (_request, response) => void response.json(load.status()));
  };
}
