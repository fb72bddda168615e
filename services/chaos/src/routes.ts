/**
 * The HTTP API of the service; packages/contracts describes the body of each request and response.
 */
import { runLeaseRequestSchema, scheduleRequestSchema, startRequestSchema, targetSchema } from '@encore/contracts';
import { EncoreError, parse } from '@encore/kit';
import { planHash } from '@encore/plan';
import type { Express } from 'express';
import { z } from 'zod';
import type { Injector } from './injector/injector.ts';
import type { Scheduler } from './scheduler/scheduler.ts';

const sinceSchema = z.object({ since: z.coerce.number().min(0).default(0) });

export function chaosRoutes(injector: Injector, scheduler: Scheduler): (app: Express) => void {
  return (app) => {
    app.post('/run', async (request, response) => {
      await injector.lease.claim(parse(runLeaseRequestSchema, request.body, 'run lease'));
      response.status(201).json({});
    });
    app.put('/run/:runId', (request, response) => {
      injector.lease.renew(request.params.runId);
      response.status(204).end();
    });
    app.delete('/run/:runId', async (request, response) => {
      await injector.lease.end(request.params.runId);
      response.status(204).end();
    });

    app.get('/schedule', (_request, response) => void response.json(scheduler.status()));
    app.post('/schedule', (request, response) => {
      const schedule = parse(scheduleRequestSchema, request.body, 'schedule');
      if (planHash(schedule.plan) !== schedule.plan.hash)
        throw new EncoreError(
          'INVALID_INPUT',
          'plan.hash: does not match the plan, which was changed after it was created',
        );
      injector.lease.requireOpen(schedule.runId);
      scheduler.begin(schedule);
      response.status(202).json({});
    });
    app.delete('/schedule', async (_request, response) => {
      await scheduler.stop();
      response.status(204).end();
    });
    app.get('/faults', (_request, response) => void response.json(injector.registry.open));

    app.get('/targets', async (_request, response) => void response.json(await injector.targets()));
    app.post('/targets/:target/start', async (request, response) => {
      const target = parse(targetSchema, request.params.target, 'target');
      await injector.starts.start(target, parse(startRequestSchema, request.body, 'start'));
      response.json({});
    });
    app.post('/targets/:target/restart', async (request, response) => {
      const target = parse(targetSchema, request.params.target, 'target');
      await injector.starts.restart(target, parse(startRequestSchema, request.body, 'restart'));
      response.json({});
    });

    app.post('/revert', async (_request, response) => void response.json(await injector.revert()));
    app.get('/engine', async (_request, response) => void response.json(await injector.engineInfo()));
    app.get('/logs', async (_request, response) => void response.json(await injector.services()));
    app.get('/logs/:service', async (request, response) => {
      const { since } = parse(sinceSchema, request.query, 'query');
      response.json(await injector.serviceLog(request.params.service, since));
    });
    app.post('/hygiene', async (_request, response) => {
      await injector.hygiene();
      response.json({});
    });
  };
}
