/** The lab on Docker as a test starts it: a project and ports of its own, so that several can be up at once. */
import assert from 'node:assert/strict';
import type { Context } from 'mocha';
import { type CommandOptions, type CommandResult, runCommand, tail } from './command.ts';
import { requireEngine } from './engine.ts';
import { freeLabPorts } from './free-port.ts';

type PortName = 'SERVER' | 'HEALTH' | 'PAGE' | 'PROMETHEUS';

export class ComposeLab {
  readonly project: string;
  readonly #env: NodeJS.ProcessEnv = {};
  #isPrepared = false;

  constructor(project: string) {
    this.project = project;
  }

  /** Skips the tests of `context` where there is no engine. Images are cached after the first build (e2e-setup.ts). */
  async prepare(context: Context, env: NodeJS.ProcessEnv = {}): Promise<void> {
    await requireEngine(context);
    Object.assign(this.#env, await freeLabPorts(), env);
    this.#isPrepared = true;
    const built = await this.compose(['build', '--quiet'], 600_000);
    assert.equal(built.exitCode, 0, tail(built.stderr));
  }

  async up(...args: string[]): Promise<void> {
    const up = await this.compose(['up', '-d', '--wait', ...args], 180_000);
    assert.equal(up.exitCode, 0, tail(up.stderr));
  }

  async down(): Promise<void> {
    if (!this.#isPrepared) return;
    const down = await this.compose(['down', '-v', '--remove-orphans', '--timeout', '15'], 120_000);
    assert.equal(down.exitCode, 0, tail(down.stderr));
  }

  docker(args: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
    return runCommand('docker', args, { timeoutMs, env: this.#env });
  }

  compose(args: readonly string[], timeoutMs: number, options: Partial<CommandOptions> = {}): Promise<CommandResult> {
    return runCommand('docker', ['compose', '-p', this.project, ...args], { ...options, timeoutMs, env: this.#env });
  }

  /** Runs the orchestrator with its ports and names; `options` are those of `docker compose run`. */
  orchestrate(
    args: readonly string[],
    { options = [], ...rest }: { options?: readonly string[] } & Partial<CommandOptions> = {},
  ): Promise<CommandResult> {
    return this.compose(['run', '--rm', ...this.runOptions, ...options, 'orchestrator', ...args], 450_000, rest);
  }

  readonly runOptions: readonly string[] = ['--service-ports', '--use-aliases'];

  url(name: PortName): string {
    return `http://127.0.0.1:${this.port(name)}`;
  }

  port(name: PortName): number {
    return Number(this.#env[`ENCORE_PORT_${name}`]);
  }
}
