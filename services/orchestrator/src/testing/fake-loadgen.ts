/** A false load generator: one operation of each kind per tick, right while the server is up, and a ledger of one score. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { operationKinds } from '@encore/contracts';
import { EncoreError, systemClock } from '@encore/kit';
import type { Express } from 'express';
import type { FakeServer } from './fake-lab.ts';
import { FakeService } from './fake-service.ts';

const tickMs = 200;

export class FakeLoadgen extends FakeService {
  readonly #server: FakeServer;
  readonly #runsDir: string;
  runId: string | null = null;
  /** Users are told something wrong, one answer in each tick. */
  isToldWrong = false;
  #timer: NodeJS.Timeout | null = null;
  #wasDown = false;
  readonly #counts = { ok: 0, failed: 0 };

  constructor(server: FakeServer, runsDir: string) {
    super();
    this.#server = server;
    this.#runsDir = runsDir;
  }

  override async stop(): Promise<void> {
    this.#end();
    await super.stop();
  }

  override async reboot(): Promise<void> {
    this.runId = null;
    await super.reboot();
  }

  protected override routes(app: Express): void {
    app.post('/run', (request, response, next) => {
      this.runId = (request.body as { runId: string }).runId;
      this.#timer = setInterval(() => this.#tick(), tickMs);
      const at = systemClock.now();
      const health = { lateStarts: 0, starts: 100, eventLoopDelayP99Ms: 1, cpuShare: 0.1, memoryBytes: 1 };
      this.events.add({ type: 'generator_checked', at, ...health });
      this.#writeLedger([]).then(() => response.status(202).json({}), next);
    });
    app.put('/run/:runId', (request, response) => {
      if (this.#timer === null || this.runId !== request.params['runId'])
        throw new EncoreError('RUN_OVER', 'no such load', { status: 410 });
      response.status(204).end();
    });
    app.post('/stop', (_request, response) => {
      this.#end();
      response.json({});
    });
    app.post('/read-back', (_request, response, next) => {
      this.#readBack().then(() => response.status(202).json({}), next);
    });
    app.get('/status', (_request, response) => {
      const counts = { users: 1, attempts: 0, operations: 0, operationsOk: 0, acknowledged: 1 };
      const { boot } = this.events;
      response.json({ state: 'stopped', boot, runId: this.runId, ...counts, readBack: { done: 1, total: 1 } });
    });
  }

  #tick(): void {
    const at = systemClock.now();
    const isUp = this.#server.status === 'running';
    const ok = isUp ? 1 : 0;
    const kinds = operationKinds.map((kind) => [kind, { ok, failed: 1 - ok, unknown: 0, cancelled: 0 }]);
    this.#counts.ok += ok;
    this.#counts.failed += 1 - ok;
    this.events.add({
      type: 'load_second',
      at,
      users: 1,
      attempts: isUp
        ? { ok: operationKinds.length, ...(this.isToldWrong ? { corrupt: 1 } : {}) }
        : { refused: operationKinds.length },
      operations: Object.fromEntries(kinds),
      responseMs: isUp ? { p50: 5, p99: 9, max: 10 } : null,
      bytesSent: 1,
      bytesReceived: 1,
    });
    const outcome = isUp ? 'ok' : 'refused';
    this.events.add({ type: 'probe_second', at, probes: [{ dueAt: at - 5, endedAt: at, outcome }] });
    if (isUp && this.#wasDown) this.events.add({ type: 'answered_again', at, startedAt: at - 5, operation: 'create' });
    this.#wasDown = !isUp;
  }

  async #readBack(): Promise<void> {
    const at = systemClock.now();
    const [key, scoreId, hash] = ['k1', `${this.runId}-u0-1`, 'ab'];
    const entries = [
      { type: 'intended', at, key, user: 0, operation: 'create', scoreId, hash },
      { type: 'acknowledged', at, key, scoreId, hash, version: 1 },
      { type: 'read_back', at, key, scoreId, found: hash, verdict: 'intact' },
    ];
    await this.#writeLedger(entries);
    const wrong = { lost: 0, corrupt: 0, duplicate: 0, phantom: 0, unknownPresent: 0, unknownAbsent: 0 };
    this.events.add({ type: 'read_back_done', at, final: true, acknowledged: 1, readBack: 1, ...wrong });
  }

  async #writeLedger(entries: object[]): Promise<void> {
    const folder = join(this.#runsDir, this.runId ?? 'none');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ledger.ndjson'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
