/** Fake load generator: an operation of each kind per tick, and a ledger of one score. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EncoreError, encodeLine, systemClock } from '@encore/kit';
import type { Express } from 'express';
import { FakeService } from './fake-service.ts';
import type { FakeTarget } from './fake-target.ts';
import { simulatedOperations } from './simulation.ts';

const tickMs = 200;

const [key, digest] = ['k1', 'ab'];

export class FakeLoadgen extends FakeService {
  readonly #server: FakeTarget;
  readonly #runsDir: string;
  runId: string | null = null;
  /** One response per tick is wrong. */
  receivesWrongAnswers = false;
  capacityTest: 'measured' | 'fails' | 'unanswered' | 'hangs' = 'measured';
  /** Samples and the final read-back find the score lost. */
  hasLostScore = false;
  readBackHangs = false;
  /** The final read-back ends without a result, for this reason. */
  readBackFailure: string | null = null;
  isReadingBack = false;
  #timer: NodeJS.Timeout | null = null;
  #wasDown = false;
  readonly #counts = { ok: 0, failed: 0 };

  constructor(server: FakeTarget, runsDir: string) {
    super();
    this.#server = server;
    this.#runsDir = runsDir;
  }

  override async stop(): Promise<void> {
    this.#end();
    await super.stop();
  }

  override async restart(): Promise<void> {
    this.#end();
    this.runId = null;
    this.isReadingBack = false;
    await super.restart();
  }

  protected override routes(app: Express): void {
    app.post('/run', (request, response, next) => {
      this.runId = (request.body as { runId: string }).runId;
      this.#timer = setInterval(() => this.#tick(), tickMs);
      const at = systemClock.now();
      const health = { lateStarts: 0, starts: 100, eventLoopDelayP99Ms: 1, cpuShare: 0.1, memoryBytes: 1 };
      this.events.add({ type: 'generator_checked', at, ...health });
      this.events.add({ type: 'read_back_matched', at, id: this.#objectId });
      this.#writeLedger(this.#acknowledgedScore(at)).then(() => response.status(202).json({}), next);
    });
    app.put('/run/:runId', (request, response) => {
      if (this.#timer === null || this.runId !== request.params['runId'])
        throw new EncoreError('RUN_OVER', 'no such load');
      response.status(204).end();
    });
    app.post('/stop', (_request, response) => {
      this.#end();
      response.json({});
    });
    app.post('/capacity-test', (request, response) => {
      const { seconds, connections } = request.body as { seconds: number; connections: number };
      if (this.capacityTest === 'hangs') return;
      if (this.capacityTest === 'fails') throw new EncoreError('CAPACITY_TEST_FAILED', 'could not store a score');
      const latencyMs = { p50: 5, p90: 8, p99: 12, max: 20 };
      const counts = {
        requestsPerSecond: 900,
        answered: this.capacityTest === 'measured' ? 900 * seconds : 0,
        refused: 2,
        lost: 1,
      };
      response.json({ tool: 'autocannon 0.0.0', seconds, connections, ...counts, latencyMs });
    });
    app.post('/read-back', (request, response, next) => {
      const { final, runId } = request.body as { final: boolean; runId: string };
      // Like the real one, read back the requested run, even if another process started its load.
      this.runId = runId;
      this.isReadingBack = this.readBackHangs;
      if (this.isReadingBack || this.readBackFailure !== null) return void response.status(202).json({});
      this.#readBack(final).then(() => response.status(202).json({}), next);
    });
    app.get('/status', (_request, response) => {
      const counts = { users: 1, attempts: 0, operations: 0, acknowledged: 1 };
      const { instanceId } = this.events;
      const state = this.isReadingBack ? 'reading_back' : 'stopped';
      response.json({
        state,
        instanceId,
        runId: this.runId,
        ...counts,
        readBack: { done: 1, total: 1 },
        readBackFailure: this.readBackFailure,
      });
    });
  }

  #tick(): void {
    const at = systemClock.now();
    const isUp = this.#server.status === 'running';
    const ok = isUp ? 1 : 0;
    const kinds = simulatedOperations.map((kind) => [
      kind,
      { ok, failed: 1 - ok, unknown: 0, cancelled: 0, skipped: 0 },
    ]);
    this.#counts.ok += ok;
    this.#counts.failed += 1 - ok;
    this.events.add({
      type: 'load_second',
      at,
      users: 1,
      attempts: isUp
        ? { ok: simulatedOperations.length, ...(this.receivesWrongAnswers ? { corrupt: 1 } : {}) }
        : { refused: simulatedOperations.length },
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

  async #readBack(final: boolean): Promise<void> {
    const at = systemClock.now();
    const lost = this.hasLostScore ? 1 : 0;
    const [found, finding] = this.hasLostScore ? [null, 'lost'] : [digest, 'intact'];
    const readBack = { type: 'read_back', at, key, id: this.#objectId, found, finding };
    await this.#writeLedger([
      ...this.#acknowledgedScore(at),
      ...(this.hasLostScore && final ? [readBack, readBack] : [readBack]),
    ]);
    const others = { corrupt: 0, duplicate: 0, phantom: 0, unknownPresent: 0, unknownAbsent: 0 };
    this.events.add({ type: 'read_back_done', at, final, acknowledged: 1, readBack: 1, lost, ...others });
  }

  get #objectId(): string {
    return `${this.runId}-u0-1`;
  }

  /** Ledger entries of the one acknowledged score. */
  #acknowledgedScore(at: number): object[] {
    const id = this.#objectId;
    return [
      { type: 'intended', at, key, user: 0, operation: 'write', id, digest },
      { type: 'acknowledged', at, key, id, digest, version: 1 },
    ];
  }

  async #writeLedger(entries: object[]): Promise<void> {
    const folder = join(this.#runsDir, this.runId ?? 'none');
    await mkdir(folder, { recursive: true });
    const lines = entries.map((entry, index) => `${encodeLine({ ...entry, n: index + 1 })}\n`);
    await writeFile(join(folder, 'ledger.ndjson'), lines.join(''));
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
