/** A false scheduler that also does the harm: a crash comes back by itself, an outage does not. */
import { type ChaosRunRequest, chaosRunRequestSchema, type PlannedFault } from '@encore/contracts';
import { parse, systemClock } from '@encore/kit';
import type { Express } from 'express';
import type { FakeGuard } from './fake-guard.ts';
import type { FakeServer } from './fake-lab.ts';
import { FakeService } from './fake-service.ts';

const policyMs = 300;

export class FakeChaos extends FakeService {
  readonly #guard: FakeGuard;
  readonly #server: FakeServer;
  readonly runs: ChaosRunRequest[] = [];
  /** How long a stop takes. */
  stopMs = 0;
  /** What a stop sets off besides. */
  onStop: () => void = () => {};
  #timers: NodeJS.Timeout[] = [];

  constructor(guard: FakeGuard, server: FakeServer) {
    super();
    this.#guard = guard;
    this.#server = server;
  }

  override async stop(): Promise<void> {
    this.#clear();
    await super.stop();
  }

  protected override routes(app: Express): void {
    app.post('/run', (request, response) => {
      const run = parse(chaosRunRequestSchema, request.body, 'run');
      this.runs.push(run);
      for (const fault of run.plan.faults) {
        const waitMs = run.steadyStartsAt + fault.atSeconds * 1_000 - systemClock.now();
        if (waitMs > 0) this.#timers.push(setTimeout(() => this.#harm(fault), waitMs));
      }
      response.status(202).json({});
    });
    app.post('/stop', (_request, response) => {
      this.onStop();
      this.#clear();
      this.#timers.push(setTimeout(() => response.json({}), this.stopMs));
    });
  }

  #harm(fault: PlannedFault): void {
    const { id: faultId, kind, target } = fault;
    const at = systemClock.now();
    const { events } = this.#guard;
    this.events.add({ type: 'fault_due', at, faultId, plannedAt: at });
    events.add({ type: 'fault_intended', at, faultId, fault });
    this.#server.kill();
    events.add({ type: 'fault_injected', at, faultId, kind, target, engineAt: at });
    events.add({ type: 'engine_saw', at, engineAt: at, target, action: 'die', exitCode: 137 });
    events.add({ type: 'fault_bit', at, faultId, bit: 'yes', evidence: 'the process is gone' });
    events.add({ type: 'fault_undone', at, faultId, verified: true, cause: 'instant', evidence: 'nothing is held' });
    if (kind !== 'crash') return;
    this.#server.status = 'restarting';
    this.#timers.push(
      setTimeout(() => {
        void this.#server.start().then(() => {
          const startedAt = systemClock.now();
          events.add({
            type: 'engine_saw',
            at: startedAt,
            engineAt: startedAt,
            target,
            action: 'start',
            restartCount: 1,
          });
          events.add({ type: 'target_started', at: startedAt, target, actor: 'policy', reason: 'restart policy' });
        });
      }, policyMs),
    );
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
