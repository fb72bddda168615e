/** Implements the routes documented in packages/contracts/src/loadgen-api.ts. */
import {
  capacityTestSchema,
  loadFaultActionSchema,
  loadFaultIdSchema,
  loadFaultRequestSchema,
  loadRunRequestSchema,
  readBackRequestSchema,
} from '@encore/contracts';
import { parse } from '@encore/kit';
import type { Express } from 'express';
import type { CapacityTest } from './capacity-test.ts';
import type { LoadFaults } from './faults/load-faults.ts';
import type { Load } from './load.ts';

export function loadgenRoutes(load: Load, capacityTest: CapacityTest, faults: LoadFaults): (app: Express) => void {
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
    app.post('/capacity-test', async (request, response) => {
      const test = parse(capacityTestSchema, request.body, 'POST /capacity-test');
      load.refuseWhileActive('a capacity test needs a system without users; stop the run first');
      const disconnected = new AbortController();
      response.once('close', () => disconnected.abort(new Error('the caller disconnected')));
      response.json(await capacityTest.measure(test, disconnected.signal));
    });
    app.get('/faults', (_request, response) => void response.json(faults.named));
    app.put('/faults/:id', async (request, response) => {
      const id = parse(loadFaultIdSchema, request.params.id, 'id of the fault');
      await faults.start(id, parse(loadFaultRequestSchema, request.body, 'PUT /faults'));
      response.status(201).json(await faults.status(id));
    });
    app.get('/faults/:id', async (request, response) => {
      response.json(await faults.status(request.params.id));
    });
    app.post('/faults/:id/quick-call', async (request, response) => {
      const id = parse(loadFaultIdSchema, request.params.id, 'id of the fault');
      response.json({ end: await faults.quickCall(id) });
    });
    app.delete('/faults/:id', async (request, response) => {
      const id = parse(loadFaultIdSchema, request.params.id, 'id of the fault');
      await faults.stop(id, parse(loadFaultActionSchema, request.query['action'], 'action'));
      response.status(204).end();
    });
    app.get('/status', (_request, response) => void response.json(load.status()));
  };
}
