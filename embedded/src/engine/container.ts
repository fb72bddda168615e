/**
 * A container with Docker's semantics: a state, a restart policy, and the rules that disarm it.
 *
 *   created ──start──▶ running ◀──unpause── paused
 *                       │   ▲ └───pause───▶
 *                     exit  └─ back-off ─┐
 *                       ├── policy ──▶ restarting
 *                       └──────────────▶ exited ──start──▶ running
 *
 * A kill with SIGKILL or with the stop signal counts as an operator's stop: it disarms the policy
 * until an operator's start.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@encore/kit';
import { ContainerProcess } from './container-process.ts';
import type { ContainerSpec } from './container-spec.ts';
import { EngineError } from './engine-error.ts';
import type { EngineEvents } from './engine-events.ts';
import type { LimitGroup } from './limit-group.ts';
import { LogFile } from './log-file.ts';
import type { Reaper } from './reaper.ts';
import { afterExit, freshRestartState, type RestartState } from './restart-policy.ts';
import { keptByInit, signalNumber } from './signal-name.ts';

export type ContainerState =
  | { readonly status: 'created' }
  | { readonly status: 'exited' }
  | { readonly status: 'running' | 'paused'; readonly process: ContainerProcess }
  | { readonly status: 'restarting'; readonly timer: NodeJS.Timeout };

export interface ContainerContext {
  readonly clock: Clock;
  readonly events: EngineEvents;
  readonly reaper: Reaper;
  readonly group: LimitGroup | null;
}

export class Container implements AsyncDisposable {
  readonly id = randomBytes(32).toString('hex');
  readonly createdAt: number;
  readonly spec: ContainerSpec;
  readonly group: LimitGroup | null;
  readonly #context: ContainerContext;
  readonly #log: LogFile;
  #state: ContainerState = { status: 'created' };
  #policy: RestartState = freshRestartState;
  #stopWaiters: (() => void)[] = [];
  #oomKillsAtStart = 0;
  restartCount = 0;
  startedAt = 0;
  finishedAt = 0;
  exitCode = 0;
  oomKilled = false;
  /** The enforced limits; 0 where nothing is enforced. */
  limits = { memoryBytes: 0, withSwapBytes: 0, cpus: 0 };

  constructor(spec: ContainerSpec, context: ContainerContext) {
    this.spec = spec;
    this.#context = context;
    this.createdAt = context.clock.now();
    this.#log = new LogFile(spec.logFile);
    this.group = context.group;
    if (spec.limits && this.group) this.limit({ ...spec.limits, withSwapBytes: spec.limits.memoryBytes });
  }

  get state(): ContainerState {
    return this.#state;
  }

  /** An operator's start. False when it was already running. */
  start(): boolean {
    const { status } = this.#state;
    if (status === 'paused') throw new EngineError(409, 'cannot start a paused container, try unpause instead');
    if (status === 'running' || status === 'restarting') return false;
    this.#policy = freshRestartState;
    this.restartCount = 0;
    this.#launch();
    return true;
  }

  /**
   * An operator's stop: the stop signal, then SIGKILL after `graceMs`. False when it was not
   * running.
   */
  async stop(graceMs = this.spec.stopGraceMs): Promise<boolean> {
    const { status } = this.#state;
    if (status === 'created' || status === 'exited') return false;
    const stopped = new Promise<void>((done) => this.#stopWaiters.push(done));
    this.kill(this.spec.stopSignal);
    const timer = setTimeout(() => {
      if (isAlive(this.#state)) this.kill('SIGKILL');
    }, graceMs);
    await stopped;
    clearTimeout(timer);
    this.#emit('stop');
    return true;
  }

  async restart(graceMs?: number): Promise<void> {
    await this.stop(graceMs);
    this.start();
    this.#emit('restart');
  }

  kill(signal: NodeJS.Signals): void {
    const state = this.#state;
    if (state.status === 'created' || state.status === 'exited') {
      throw new EngineError(409, `Cannot kill container: ${this.id}: container ${this.id} is not running`);
    }
    const operatorStop = signal === 'SIGKILL' || signal === this.spec.stopSignal;
    if (operatorStop) this.#policy = { ...this.#policy, armed: false };
    if (state.status === 'restarting') {
      // Between two lifetimes there is no process to signal; disarming the policy ends the wait.
      if (operatorStop) this.#finalize(state.timer);
      return;
    }
    if (signal === 'SIGKILL') state.process.kill();
    else if (!keptByInit.has(signal)) state.process.signal(signal);
    this.#emit('kill', { signal: String(signalNumber(signal)) });
    if (operatorStop && state.status === 'paused' && signal !== 'SIGKILL') this.unpause();
  }

  pause(): void {
    const state = this.#state;
    if (state.status === 'paused') throw new EngineError(409, `Container ${this.id} is already paused`);
    if (state.status === 'restarting')
      throw new EngineError(409, `Container ${this.id} is restarting, wait until the container is running`);
    if (state.status !== 'running') throw new EngineError(409, `Container ${this.id} is not running`);
    state.process.pause();
    this.#state = { status: 'paused', process: state.process };
    this.#emit('pause');
  }

  unpause(): void {
    const state = this.#state;
    if (state.status !== 'paused') throw new EngineError(500, `Container ${this.id} is not paused`);
    state.process.unpause();
    this.#state = { status: 'running', process: state.process };
    this.#emit('unpause');
  }

  limit(to: { memoryBytes?: number; withSwapBytes?: number; cpus?: number }): void {
    const { memoryBytes = this.limits.memoryBytes, withSwapBytes = this.limits.withSwapBytes } = to;
    const { cpus = this.limits.cpus } = to;
    if (memoryBytes !== this.limits.memoryBytes || withSwapBytes !== this.limits.withSwapBytes)
      this.group?.setMemory(memoryBytes, withSwapBytes);
    if (cpus !== this.limits.cpus) this.group?.setCpus(cpus);
    this.limits = { memoryBytes, withSwapBytes, cpus };
  }

  /** Emits `oom` after an out-of-memory kill, even of a child that the program survives. */
  checkOom(): void {
    const kills = this.group?.oomKills() ?? 0;
    if (kills <= this.#oomKillsAtStart) return;
    this.#oomKillsAtStart = kills;
    this.oomKilled = true;
    this.#emit('oom');
  }

  emitUpdate(): void {
    this.#emit('update');
  }

  /** Kills it in any state, then closes its log and removes its limits. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.#state) || this.#state.status === 'restarting') {
      const exited = new Promise<void>((done) => this.#stopWaiters.push(done));
      this.kill('SIGKILL');
      await exited;
    }
    this.#log[Symbol.dispose]();
    this.group?.remove();
  }

  #launch(): void {
    this.oomKilled = false;
    this.#oomKillsAtStart = this.group?.oomKills() ?? 0;
    const context = { reaper: this.#context.reaper, group: this.group, log: this.#log };
    const process = new ContainerProcess(this.spec, context, (code) => this.#onExit(code));
    this.#state = { status: 'running', process };
    this.startedAt = this.#context.clock.now();
    this.#emit('start');
  }

  #onExit(code: number): void {
    this.checkOom();
    this.finishedAt = this.#context.clock.now();
    this.exitCode = code;
    const livedMs = this.finishedAt - this.startedAt;
    this.#emit('die', { exitCode: String(code), execDuration: String(Math.floor(livedMs / 1_000)) });
    const next = afterExit(this.spec.restart, this.#policy, { code, livedMs });
    this.#policy = next.state;
    if (next.restart) {
      this.restartCount += 1;
      this.#state = { status: 'restarting', timer: setTimeout(() => this.#relaunch(), next.state.delayMs) };
    } else {
      this.#finalize();
    }
  }

  #relaunch(): void {
    try {
      this.#launch();
    } catch (error) {
      this.#log.write(Buffer.from(`could not start again: ${String(error)}\n`));
      this.#finalize();
    }
  }

  #finalize(timer?: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#state = { status: 'exited' };
    for (const done of this.#stopWaiters.splice(0)) done();
  }

  #emit(action: string, attributes: Record<string, string> = {}): void {
    this.#context.events.emit(this.id, this.spec, action, attributes, this.#context.clock.now());
  }
}

function isAlive(state: ContainerState): state is Extract<ContainerState, { process: ContainerProcess }> {
  return state.status === 'running' || state.status === 'paused';
}
