/**
 * One process lifetime of a container: its own process group under a shell that waits for a line on
 * descriptor 3 before it executes the program. By then the reaper knows the group, the process is
 * recorded and inside its limits, so nothing escapes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { ContainerSpec } from './container-spec.ts';
import { EngineError } from './engine-error.ts';
import type { LimitGroup } from './limit-group.ts';
import type { LogFile } from './log-file.ts';
import { membersOf, type ProcessEntry, processTable } from './process-table.ts';
import type { Reaper } from './reaper.ts';
import { signalNumber } from './signal-name.ts';

/** No core files: SIGQUIT would write one of several hundred megabytes. */
const shell = 'ulimit -c 0; read -r go <&3 || exit 125; exec "$@" 3<&-';
const maxPauseRounds = 20;

export class ContainerProcess {
  readonly pid: number;
  readonly #reaper: Reaper;
  readonly #group: LimitGroup | null;
  /**
   * Our process group and any other groups that we stopped; the reaper must wake these to end them.
   */
  #watched: number[];
  #exited = false;

  constructor(
    spec: ContainerSpec,
    context: { reaper: Reaper; group: LimitGroup | null; log: LogFile },
    onExit: (code: number) => void,
  ) {
    const child = spawn('/bin/sh', ['-c', shell, spec.name, ...spec.command], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      ...spec.user,
    });
    child.on('error', () => {});
    if (child.pid === undefined) {
      const advice = 'check that this folder exists and that the machine can start more processes';
      throw new EngineError(500, `could not start ${spec.name} in ${spec.cwd}; ${advice}`);
    }
    this.pid = child.pid;
    this.#reaper = context.reaper;
    this.#group = context.group;
    this.#watched = [-child.pid];
    this.#reaper.watch(-child.pid);
    this.#connect(child, context.log);
    child.on('exit', (code, signal) => {
      this.#end();
      onExit(code ?? 128 + signalNumber(signal ?? 'SIGKILL'));
    });
    try {
      this.#group?.enter(child.pid);
    } catch (error) {
      context.log.write(Buffer.from(`could not enter the limit group: ${String(error)}\n`));
      this.kill();
    }
    const goPipe = child.stdio[3] as Writable;
    goPipe.on('error', () => {});
    const recorded = this.#reaper.record(child.pid).catch((error: unknown) => {
      context.log.write(Buffer.from(`could not record the process: ${String(error)}\n`));
    });
    void recorded.then(() => goPipe.end('go\n'));
  }

  /** Sends the signal to the program only, as an init does. */
  signal(name: NodeJS.Signals): void {
    if (!this.#exited) send(this.pid, name);
  }

  /** Kills every process of the container, stopped ones too. */
  kill(): void {
    if (this.#exited) return;
    const others = this.members();
    send(-this.pid, 'SIGKILL');
    for (const { pid } of others) send(pid, 'SIGKILL');
  }

  pause(): void {
    // A running process may fork while we stop its siblings, so repeat until all are stopped.
    send(this.pid, 'SIGSTOP');
    for (let round = 0; round < maxPauseRounds; round += 1) {
      const running = this.members().filter(({ pid, stopped }) => pid !== this.pid && !stopped);
      if (running.length === 0) break;
      for (const { pid, group } of running) {
        send(pid, 'SIGSTOP');
        if (this.#watched.includes(-group)) continue;
        this.#watched.push(-group);
        this.#reaper.watch(-group);
      }
    }
  }

  unpause(): void {
    for (const { pid } of this.members()) send(pid, 'SIGCONT');
    for (const target of this.#watched.slice(1)) this.#reaper.forget(target);
    this.#watched = this.#watched.slice(0, 1);
  }

  members(table: readonly ProcessEntry[] = processTable()): ProcessEntry[] {
    if (this.#exited) return [];
    const inGroup = new Set(this.#group?.pids());
    const tree = membersOf(this.pid, table);
    return inGroup.size === 0 ? tree : table.filter((entry) => inGroup.has(entry.pid) || tree.includes(entry));
  }

  #connect(child: ChildProcess, log: LogFile): void {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => log.write(data));
      stream?.on('error', () => {});
    }
  }

  /** As in a container, the exit of the main process kills everything that it left behind. */
  #end(): void {
    this.#exited = true;
    send(-this.pid, 'SIGKILL');
    for (const pid of this.#group?.pids() ?? []) send(pid, 'SIGKILL');
    for (const target of this.#watched) this.#reaper.forget(target);
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // Already gone.
  }
}
