/**
 * Fake chaos service: one run lease, one target, no engine. Its schedule kills the server; the fake
 * restart policy restarts it after a crash, but not after an outage.
 */
import { type PlannedFault, type ScheduleRequest, scheduleRequestSchema, type TargetState } from '@encore/contracts';
import { EncoreError, parse, plannedSystem, replicasOf, systemClock } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import type { Express } from 'express';
import { FakeService } from './fake-service.ts';
import type { FakeTarget } from './fake-target.ts';

const policyDelayMs = 300;

export class FakeChaos extends FakeService {
  readonly #server: FakeTarget;
  readonly schedules: ScheduleRequest[] = [];
  holder: string | null = null;
  startForbidden = false;
  failRevert = false;
  /** Refuses to revert, as a lab with another API token does. */
  isOfOthers = false;
  /** The description that it was started with. */
  system = plannedSystem(bundledSystem);
  logNames: string[] = [];
  /** What came through a proxy instead of an answer. */
  proxyMisfits: Record<string, string> = {};
  /** Logs by service; other services have a default text. */
  logs: Record<string, string> = {};
  /** Duration of a stop request. */
  stopMs = 0;
  /** Called at each stop request. */
  onStop: () => void = () => {};
  #timers: NodeJS.Timeout[] = [];

  constructor(server: FakeTarget) {
    super();
    this.#server = server;
  }

  override async stop(): Promise<void> {
    this.#clear();
    await super.stop();
  }

  protected override routes(app: Express): void {
    app.post('/schedule', (request, response) => {
      const schedule = parse(scheduleRequestSchema, request.body, 'schedule');
      this.schedules.push(schedule);
      for (const fault of schedule.plan.faults) {
        const waitMs = schedule.steadyStartsAt + fault.atSeconds * 1_000 - systemClock.now();
        if (waitMs > 0) this.#timers.push(setTimeout(() => this.#kill(fault), waitMs));
      }
      response.status(202).json({});
    });
    app.delete('/schedule', (_request, response) => {
      this.onStop();
      this.#clear();
      this.#timers.push(setTimeout(() => response.status(204).end(), this.stopMs));
    });
    app.post('/run', (request, response) => {
      const { runId } = request.body as { runId: string };
      if (this.holder !== null && this.holder !== runId)
        throw new EncoreError('RUN_HELD', `the run is held by ${this.holder}`);
      this.holder = runId;
      response.status(201).json({});
    });
    app.put('/run/:runId', (request, response) => {
      if (this.holder !== request.params['runId']) throw new EncoreError('RUN_OVER', 'no such run');
      response.status(204).end();
    });
    app.delete('/run/:runId', (_request, response) => {
      this.holder = null;
      response.status(204).end();
    });
    app.get('/targets', (_request, response) => {
      const sample = { target: 'server', memoryBytes: 2 ** 27, memoryLimitBytes: 2 ** 29, cpuSeconds: 1 };
      this.events.add({ type: 'target_sampled', at: systemClock.now(), ...sample });
      response.json(replicasOf(this.system, 'server').map((name) => this.#target(name)));
    });
    app.post('/targets/:target/:act', (request, response, next) => {
      const { target } = request.params;
      if (this.startForbidden) throw new EncoreError('START_FORBIDDEN', 'held by outage');
      const { reason } = request.body as { reason: string };
      const requestedAt = systemClock.now();
      this.#server.kill();
      this.#server.start().then(() => {
        const at = systemClock.now();
        this.events.add({ type: 'engine_event', at, engineAt: at, target, action: 'start' });
        this.events.add({ type: 'target_started', at, target, actor: 'supervisor', reason, requestedAt });
        response.json({});
      }, next);
    });
    app.post('/revert', (_request, response) => {
      if (this.isOfOthers) throw new EncoreError('UNAUTHORIZED', 'missing or wrong bearer token');
      if (this.failRevert) throw new EncoreError('INTERNAL', 'this service cannot revert');
      response.json({ reverted: [], failed: [] });
    });
    app.post('/hygiene', (_request, response) => {
      const clean = {
        leakedToxics: 0,
        leakedPauses: 0,
        limitsNotRestored: 0,
        externalContainersTouched: 0,
        detail: [],
      };
      this.events.add({ type: 'hygiene_checked', at: systemClock.now(), ...clean });
      response.json({});
    });
    app.get('/logs', (_request, response) => void response.json(this.logNames));
    app.get('/logs/:service', (request, response) => {
      if (request.params.service === 'broken') throw new EncoreError('ENGINE_UNREACHABLE', 'no engine');
      response.json(this.logs[request.params.service] ?? `log of ${request.params.service}\n`);
    });
    app.get('/engine', (_request, response) => {
      const limits = {
        cores: 2,
        memoryBytes: 2 ** 32,
        clockAheadMs: 0,
        images: {},
        restartSetups: {},
        restartPolicies: {},
        unsupported: {},
        proxyMisfits: this.proxyMisfits,
      };
      const noCompose = { composeVersion: null, checkouts: {}, running: {}, outdated: [], publishedPorts: {} };
      response.json({
        system: this.system,
        engine: 'Encore fake engine',
        version: '1',
        kernel: '6',
        cgroupVersion: '2',
        toxiproxy: '2',
        ...limits,
        ...noCompose,
      });
    });
  }

  #target(target: string): TargetState {
    return { target, status: this.#server.status, exitCode: 0, pid: 4_711 };
  }

  #kill(fault: PlannedFault): void {
    const { id: faultId, kind, target } = fault;
    const at = systemClock.now();
    const { events } = this;
    events.add({ type: 'fault_due', at, faultId, plannedAt: at });
    events.add({ type: 'fault_intended', at, faultId, fault });
    this.#server.kill();
    events.add({ type: 'fault_injected', at, faultId, kind, target, params: {}, engineAt: at });
    events.add({ type: 'engine_event', at, engineAt: at, target, action: 'die', exitCode: 137 });
    events.add({ type: 'fault_effect_checked', at, faultId, effect: 'confirmed', evidence: 'the process is gone' });
    events.add({
      type: 'fault_reverted',
      at,
      faultId,
      verified: true,
      cause: 'instant',
      evidence: 'an instant fault leaves nothing to revert',
    });
    if (kind !== 'crash') return;
    this.#server.status = 'restarting';
    this.#timers.push(
      setTimeout(() => {
        void this.#server.start().then(() => {
          const startedAt = systemClock.now();
          events.add({
            type: 'engine_event',
            at: startedAt,
            engineAt: startedAt,
            target,
            action: 'start',
            restartCount: 1,
          });
          events.add({
            type: 'target_started',
            at: startedAt,
            target,
            actor: 'restart-policy',
            reason: 'restart policy',
          });
        });
      }, policyDelayMs),
    );
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
