/**
 * Runs the orchestrator in the foreground.
 *
 * With a terminal, it shares our process group so that it can read keys, and the terminal sends
 * Ctrl-C to both. Without one, it has its own group and we forward signals. After the second
 * signal it has `exitGraceMs` to exit before it is killed, then we exit too; the reaper takes the
 * lab down.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { exitCodes } from '@encore/contracts';
import type { Reaper } from './engine/reaper.ts';

export interface Foreground {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Its current folder; without it, ours. */
  readonly cwd?: string;
  readonly reaper: Reaper;
}

const exitGraceMs = 300;

/** Returns the exit code. Does not return after a second signal. */
export async function runInForeground({ command, env, cwd, reaper }: Foreground): Promise<number> {
  const terminal = process.stdin.isTTY === true;
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, cwd, stdio: 'inherit', detached: !terminal });
  const target = terminal ? child.pid : child.pid && -child.pid;
  if (target !== undefined) reaper.watch(target);
  if (child.pid !== undefined) void reaper.record(child.pid).catch(() => {});
  let signals = 0;
  const onSignal = (name: NodeJS.Signals) => {
    signals += 1;
    if (name !== 'SIGINT' || !terminal) child.kill(name);
    if (signals > 1) setTimeout(() => child.kill('SIGKILL'), exitGraceMs);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  try {
    return await new Promise<number>((ended, failed) => {
      child.once('error', failed);
      child.once('exit', (code, signal) => {
        if (signals > 1) process.exit(exitCodes.INTERRUPTED);
        ended(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
      });
    });
  } finally {
    for (const name of names) process.off(name, onSignal);
    if (target !== undefined) reaper.forget(target);
  }
}
