/** The guard's verbs over HTTP; what each takes and gives stands in the contracts. */
import { injectRequestSchema, runLeaseRequestSchema, startRequestSchema, targetSchema } from '@encore/contracts';
import { parse } from '@encore/kit';
import type { Express } from 'express';
import { z } from 'zod';
import type { Guard } from './guard.ts';

const renewSchema = z.strictObject({ ttlMs: z.number().int().min(1_000).max(60_000) });

export function guardRoutes(guard: Guard): (app: Express) => void {
  return (app) => {
    app.post('/run', async (request, response) => {
      await guard.claim(parse(runLeaseRequestSchema, request.body, 'run lease'));
      response.status(201).json({});
    });
    app.put('/run/:runId', (request, response) => {
      guard.renewRun(request.params.runId);
      response.status(204).end();
    });
    app.delete('/run/:runId', async (request, response) => {
      await guard.endRun(request.params.runId);
      response.status(204).end();
    });

    app.get('/faults', (_request, response) => void response.json(guard.keeper.open));
    app.post('/faults', async (request, response) => {
      response.json(await guard.inject(parse(injectRequestSchema, request.body, 'fault')));
    });
    app.put('/faults/:id/lease', (request, response) => {
      guard.keeper.renew(request.params.id, parse(renewSchema, request.body, 'lease').ttlMs);
      response.status(204).end();
    });
    app.delete('/faults/:id', async (request, response) => {
      response.json(await guard.keeper.release(request.params.id));
    });

    app.get('/targets', async (_request, response) => void response.json(await guard.targets()));
    app.post('/targets/:target/start', async (request, response) => {
      const target = parse(targetSchema, request.params.target, 'target');
      await guard.startTarget(target, parse(startRequestSchema, request.body, 'start'));
      response.json({});
    });
    app.post('/targets/:target/restart', async (request, response) => {
      const target = parse(targetSchema, request.params.target, 'target');
      await guard.restartTarget(target, parse(startRequestSchema, request.body, 'restart'));
      response.json({});
    });

    app.post('/heal', async (_request, response) => void response.json(await guard.heal()));
    app.get('/engine', async (_request, response) => void response.json(await guard.engineInfo()));
    app.post('/hygiene', async (_request, response) => {
      await guard.hygiene();
      response.json({});
    });
  };
}
