/**
 * The other programs of the lab, small and false, on real HTTP: enough of their manners that a whole run of a few
 * seconds goes through all its phases. Each part can be told to misbehave.
 */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wiring } from '../config.ts';
import { FakeChaos } from './fake-chaos.ts';
import { FakeLoadgen } from './fake-loadgen.ts';

/** The server under test: a health port that can be shut, and an engine's word about it. */
export class FakeServer {
  status: 'running' | 'paused' | 'exited' | 'restarting' = 'running';
  ready = true;
  /** What it says of itself. */
  detail: object = {};
  starts = 0;
  port = 0;
  #http: Server | null = null;

  async start(): Promise<void> {
    this.#http = createServer((_request, response) =>
      response.writeHead(this.ready ? 200 : 503).end(JSON.stringify(this.detail)),
    );
    const http = this.#http;
    await new Promise<void>((done, failed) => {
      http.once('error', failed);
      http.listen(this.port, '127.0.0.1', done);
    });
    this.port = (http.address() as AddressInfo).port;
    this.status = 'running';
    this.starts += 1;
  }

  /** Dead at once, connections cut; the engine leaves it so. */
  kill(): void {
    this.status = 'exited';
    this.#http?.closeAllConnections();
    this.#http?.close();
    this.#http = null;
  }
}

export class FakeLab implements AsyncDisposable {
  readonly folder: string;
  readonly server = new FakeServer();
  chaos: FakeChaos;
  loadgen: FakeLoadgen;
  prometheusUrl: string | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.chaos = new FakeChaos(this.server);
    this.loadgen = new FakeLoadgen(this.server, this.runsDir);
  }

  static async start(): Promise<FakeLab> {
    const lab = new FakeLab(await mkdtemp(join(tmpdir(), 'encore-fake-lab-')));
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
    return {
      host: '127.0.0.1',
      port: 0,
      chaosUrl: this.chaos.url,
      tokenFile: undefined,
      loadgenUrl: this.loadgen.url,
      serverHealthUrl: `http://127.0.0.1:${this.server.port}`,
      prometheusUrl: this.prometheusUrl,
      runsDir: this.runsDir,
      resultsDir: this.resultsDir,
      command: 'encore',
      whereToLook: undefined,
      links: { page: '', alerts: '', grafana: 'http://localhost:3000' },
      afterRunHint: undefined,
      logLevel: 'silent',
    };
  }

  /** The wiring for `main.ts` as a process of its own. */
  get environment(): Record<string, string> {
    const { chaosUrl, loadgenUrl, serverHealthUrl, runsDir, resultsDir } = this.wiring;
    return {
      ENCORE_PORT: '0',
      ENCORE_CHAOS_URL: chaosUrl,
      ENCORE_LOADGEN_URL: loadgenUrl,
      ENCORE_SERVER_HEALTH_URL: serverHealthUrl,
      ENCORE_RUNS_DIR: runsDir,
      ENCORE_RESULTS_DIR: resultsDir,
    };
  }

  /** The options of a smoke run whose users are there in half a second. */
  get shortRun(): string[] {
    const path = join(this.folder, 'run.yaml');
    writeFileSync(path, 'profile: smoke\nrampSeconds: 0.5\n');
    return ['--config', path, '--seed', '1'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.chaos.stop(), this.loadgen.stop()]);
    this.server.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
