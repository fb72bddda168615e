/** A false guard: one lease, one target, no engine. */
import type { TargetState } from '@encore/contracts';
import { EncoreError, systemClock } from '@encore/kit';
import type { Express } from 'express';
import type { FakeServer } from './fake-lab.ts';
import { FakeService } from './fake-service.ts';

export class FakeGuard extends FakeService {
  readonly #server: FakeServer;
  holder: string | null = null;
  startForbidden = false;
  failHeal = false;

  constructor(server: FakeServer) {
    super();
    this.#server = server;
  }

  protected override routes(app: Express): void {
    app.post('/run', (request, response) => {
      const { runId } = request.body as { runId: string };
      if (this.holder !== null && this.holder !== runId)
        throw new EncoreError('RUN_HELD', `the run is held by ${this.holder}`, { status: 409, definite: true });
      this.holder = runId;
      response.status(201).json({});
    });
    app.put('/run/:runId', (request, response) => {
      if (this.holder !== request.params['runId']) throw new EncoreError('RUN_OVER', 'no such run', { status: 410 });
      response.status(204).end();
    });
    app.delete('/run/:runId', (_request, response) => {
      this.holder = null;
      response.status(204).end();
    });
    app.get('/targets', (_request, response) => {
      const sample = { target: 'server', memoryBytes: 2 ** 27, memoryLimitBytes: 2 ** 29, cpuSeconds: 1 };
      this.events.add({ type: 'target_sampled', at: systemClock.now(), ...sample });
      response.json([this.#target()]);
    });
    app.post('/targets/server/:act', (request, response, next) => {
      if (this.startForbidden) throw new EncoreError('FORBIDDEN_BY_LEASE', 'held by outage', { status: 409 });
      const { reason } = request.body as { reason: string };
      this.#server.kill();
      this.#server.start().then(() => {
        const at = systemClock.now();
        this.events.add({ type: 'engine_saw', at, engineAt: at, target: 'server', action: 'start' });
        this.events.add({ type: 'target_started', at, target: 'server', actor: 'supervisor', reason });
        response.json({});
      }, next);
    });
    app.post('/heal', (_request, response) => {
      if (this.failHeal) throw new EncoreError('BROKEN', 'this guard cannot heal');
      response.json({ healed: [], failed: [] });
    });
    app.post('/hygiene', (_request, response) => {
      const clean = { leakedToxics: 0, leakedPauses: 0, limitsOffBaseline: 0, foreignContainersTouched: 0, detail: [] };
      this.events.add({ type: 'hygiene_checked', at: systemClock.now(), ...clean });
      response.json({});
    });
    app.get('/engine', (_request, response) => {
      const limits = { cores: 2, memoryBytes: 2 ** 32, clockAheadMs: 0, images: {}, unsupported: {} };
      const noCompose = { composeVersion: null, outdated: [], publishedPorts: {} };
      response.json({
        engine: 'fake',
        version: '1',
        kernel: '6',
        cgroupVersion: '2',
        toxiproxy: '2',
        ...limits,
        ...noCompose,
      });
    });
  }

  #target(): TargetState {
    return {
      target: 'server',
      id: 'server-1',
      status: this.#server.status,
      exitCode: 0,
      restartCount: 0,
      startedAt: 0,
      finishedAt: 0,
      memoryLimitBytes: 2 ** 29,
      cpus: 1,
      accepts: ['crash', 'outage'],
      held: [],
      startForbidden: this.startForbidden,
    };
  }
}
