/**
 * A program in the process engine with limits and a restart policy, as the embedded lab runs its
 * server.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container } from '../embedded/src/engine/container.ts';
import { Engine } from '../embedded/src/engine/engine.ts';
import { Reaper } from '../embedded/src/engine/reaper.ts';
import { waitUntil } from '../packages/kit/src/index.ts';
import { freePort } from '../test/support/free-port.ts';

const root = join(import.meta.dirname, '..');
const startMs = 30_000;

export interface LimitedProgramOptions {
  /** Path from the root of the repository. */
  program: string;
  /** Flags for Node. */
  flags?: readonly string[];
  cpus: number;
  env?: Record<string, string>;
}

export class LimitedProgram implements AsyncDisposable {
  readonly port: number;
  readonly #container: Container;
  readonly #revert: AsyncDisposableStack;
  /** False on a machine that cannot enforce limits. */
  readonly limited: boolean;

  private constructor(port: number, container: Container, revert: AsyncDisposableStack) {
    this.port = port;
    this.#container = container;
    this.#revert = revert;
    this.limited = container.group !== null;
  }

  static async start({ program, flags = [], cpus, env }: LimitedProgramOptions): Promise<LimitedProgram> {
    await using revert = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'encore-bench-program-'));
    revert.defer(() => rm(folder, { recursive: true, force: true }));
    const engine = revert.use(new Engine(revert.use(new Reaper(''))));
    const [port, healthPort] = [await freePort(), await freePort()];
    const container = engine.create({
      name: `bench-${port}`,
      image: program,
      command: [process.execPath, ...flags, '--import', join(root, 'embedded/src/warm-start.ts'), join(root, program)],
      env: {
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: join(folder, 'compile'),
        ENCORE_PORT: String(port),
        ENCORE_HEALTH_PORT: String(healthPort),
        ENCORE_SCRATCH_DIR: join(folder, 'scratch'),
        ENCORE_LOG_LEVEL: 'warn',
        ...env,
      },
      cwd: root,
      labels: {},
      stopSignal: 'SIGTERM',
      stopGraceMs: 10_000,
      restart: 'always',
      limits: { memoryBytes: 512 * 1024 * 1024, cpus },
      logFile: join(folder, 'log'),
    });
    container.start();
    return new LimitedProgram(port, container, revert.move());
  }

  /**
   * Crashes the program, so that the restart policy restarts it. Resolves when the engine has seen
   * the exit.
   */
  async crash(): Promise<void> {
    const { state } = this.#container;
    if (state.status !== 'running') throw new Error(`the program is ${state.status}`);
    process.kill(state.process.pid, 'SIGKILL');
    const ended = () => this.#container.state !== state;
    await waitUntil('the program to end', ended, { timeoutMs: startMs, everyMs: 1 });
  }

  /**
   * Resolves when GET `path` returns 200 with `content` in its body; each attempt uses a new
   * connection.
   */
  async answers(path: string, content: string): Promise<void> {
    const right = async (): Promise<boolean> => (await this.#get(path)).includes(content);
    await waitUntil(`a correct response to ${path}`, right, { timeoutMs: startMs, everyMs: 2 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#revert.disposeAsync();
  }

  async #get(path: string): Promise<string> {
    const agent = new Agent({ keepAlive: false });
    const outgoing = request({
      host: '127.0.0.1',
      port: this.port,
      path,
      agent,
      signal: AbortSignal.timeout(2_000),
    }).end();
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const piece of response.setEncoding('utf8')) text += piece;
    return response.statusCode === 200 ? text : '';
  }
}
