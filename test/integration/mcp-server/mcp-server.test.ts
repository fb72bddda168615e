/** Crashes an MCP server that is not ours, MCP's reference server, while users call its tools. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { TestLoad } from '../../../services/loadgen/src/testing/test-load.ts';
import { freePort } from '../../support/free-port.ts';

const program = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const users = 5;
const limit = { timeoutMs: 90_000 };
/** A busy machine may cause these. */
const timeouts: readonly Outcome[] = ['header_timeout', 'body_timeout', 'connect_timeout', 'deadline'];
const run = {
  runId: 'mcp',
  seed: 3,
  users,
  rampSeconds: 0,
  load: { mix: {}, thinkSeconds: { min: 0.02, max: 0.06 }, parameters: {}, probesPerSecond: 10 },
};

/** The server as a process that can be killed and started again on its port. */
class EverythingServer implements AsyncDisposable {
  readonly #port: number;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(port: number) {
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Sessions that this process has opened. */
  get sessions(): number {
    return [...this.#log.matchAll(/^Session initialized/gm)].length;
  }

  async start(): Promise<void> {
    this.#log = '';
    const env = { ...process.env, PORT: String(this.#port) };
    const child = spawn(process.execPath, [program, 'streamableHttp'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        this.#log += piece.toString();
      });
    const isListening = () => child.exitCode !== null || /listening on port/.test(this.#log);
    await waitUntil('the MCP server', isListening, limit);
    assert.equal(child.exitCode, null, this.#log);
  }

  async kill(): Promise<void> {
    const exited = this.#child && once(this.#child, 'exit');
    this.#child?.kill('SIGKILL');
    await exited;
    this.#child = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

describe('an MCP server of others', function () {
  this.timeout(300_000);

  it('loses its sessions in a crash, after which each user opens another one', async () => {
    await using server = new EverythingServer(await freePort());
    await server.start();
    await using bench = await TestLoad.of({
      workload: import.meta.resolve('./everything-workload.ts'),
      targetUrl: server.url,
      backoffMs: [300, 900],
    });
    const { load } = bench;
    await bench.start(run);
    await bench.operationsDone(20 * users);
    const failed = () => bench.failedAttempts().filter(({ outcome }) => !timeouts.includes(outcome));
    assert.ok(server.sessions >= users);
    assert.deepEqual(failed(), []);

    await server.kill();
    await waitUntil('a refused connection', () => failed().some(({ outcome }) => outcome === 'refused'), limit);
    await server.start();
    const lost = () => failed().filter(({ outcome }) => outcome === 'session_lost');
    await waitUntil('the loss of each session', () => lost().length === users, limit);
    await bench.operationsDone(load.status().operations + 20 * users);
    await load.stop();

    // Once per user, in a call of a tool or in the list.
    assert.equal(new Set(lost().map(({ user }) => user)).size, users);
    for (const { request } of lost()) assert.match(request, /^(get-sum|get-structured-content|tools\/list)$/);
    assert.ok(server.sessions >= users);
    const lastLoss = Math.max(...lost().map(({ at }) => at));
    assert.deepEqual(
      failed().filter(({ at }) => at > lastLoss),
      [],
    );
    const outage = ['refused', 'reset_before', 'cut_mid_body', 'session_lost'];
    assert.deepEqual(
      failed().filter(({ outcome }) => !outage.includes(outcome)),
      [],
    );
    const [summary] = bench.ofType('load_summary');
    for (const [name, { ok }] of Object.entries(summary?.operations ?? {})) assert.ok(ok > 10, name);
    assert.deepEqual(bench.ofType('workload_failed'), []);
  });
});
