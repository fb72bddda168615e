/**
 * Fakes of the other lab services on real HTTP: enough for a whole run of a few seconds through all
 * phases. Each fake can be configured to misbehave.
 */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from '@encore/contracts';
import { bundledSystemWith } from '@encore/kit/testing/bundled-system';
import { readWiring, type Wiring } from '../config.ts';
import { FakeChaos } from './fake-chaos.ts';
import { FakeLoadgen } from './fake-loadgen.ts';
import { FakeTarget } from './fake-target.ts';

export class FakeServices implements AsyncDisposable {
  readonly folder: string;
  readonly server = new FakeTarget();
  chaos: FakeChaos;
  loadgen: FakeLoadgen;
  prometheusUrl: string | undefined;
  /** Number of containers of the server; all of them are the same fake. */
  replicas = 1;
  /** As a run of a user's project sets it. */
  logsHint: string | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.chaos = new FakeChaos(this.server);
    this.loadgen = new FakeLoadgen(this.server, this.runsDir);
  }

  static async start(): Promise<FakeServices> {
    const lab = new FakeServices(await mkdtemp(join(tmpdir(), 'encore-fake-services-')));
    await Promise.all([mkdir(lab.runsDir), mkdir(lab.resultsDir)]);
    await lab.server.start();
    await Promise.all([lab.chaos.start(), lab.loadgen.start()]);
    return lab;
  }

  get runsDir(): string {
    return join(this.folder, 'runs');
  }

  get resultsDir(): string {
    return join(this.folder, 'results');
  }

  get wiring(): Wiring {
    return readWiring({
      ...this.#addresses,
      ENCORE_PROMETHEUS_URL: this.prometheusUrl,
      ENCORE_GRAFANA_URL: 'http://localhost:3000',
      ENCORE_LOGS_HINT: this.logsHint,
      ENCORE_COMMAND: 'encore',
      ENCORE_AFTER_RUN_HINT: 'docker compose down',
    });
  }

  /** The bundled system with this lab's server. */
  get system(): System {
    const health = `http://127.0.0.1:${this.server.port}`;
    const urls = { ready: health, live: health, detail: health };
    return bundledSystemWith({ unsupported: {}, replicas: this.replicas, health: urls });
  }

  /** Environment variables of a `main.ts` that runs as a separate process. */
  get environment(): Record<string, string> {
    const systemFile = join(this.folder, 'system.json');
    writeFileSync(systemFile, JSON.stringify(this.system));
    return { ...this.#addresses, ENCORE_SYSTEM_FILE: systemFile };
  }

  get #addresses(): Record<string, string> {
    return {
      ENCORE_PORT: '0',
      ENCORE_CHAOS_URL: this.chaos.url,
      ENCORE_LOADGEN_URL: this.loadgen.url,
      ENCORE_RUNS_DIR: this.runsDir,
      ENCORE_RESULTS_DIR: this.resultsDir,
    };
  }

  /** Options of a smoke run: all users run after 0.5 s, and the first fault comes at 28 s. */
  get shortRun(): string[] {
    const path = join(this.folder, 'run.json');
    const network = { intervalSeconds: { min: 150, max: 170 } };
    writeFileSync(path, JSON.stringify({ profile: 'smoke', rampSeconds: 0.5, killIntervalMinutes: 2.5, network }));
    return ['--config', path, '--seed', '1'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.chaos.stop(), this.loadgen.stop()]);
    this.server.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
