/**
 * The orchestrator in front: it has the terminal, and the user's Ctrl-C is for it.
 *
 * With a terminal it shares our process group, so that it may read keys, and the terminal itself tells both of a Ctrl-C.
 * Without one it has a group of its own and we hand the signals on. The second signal ends all: it says how to get a report
 * and leaves at once, or is killed, and we leave with it; the reaper takes the lab down.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { exitCodes } from '@encore/contracts';
import type { Reaper } from './engine/reaper.ts';

export interface Foreground {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly reaper: Reaper;
}

const lastWordMs = 300;

/** Its exit code; after a second signal this does not come back. */
export async function runInFront({ command, env, reaper }: Foreground): Promise<number> {
  const terminal = process.stdin.isTTY === true;
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, stdio: 'inherit', detached: !terminal });
  const target = terminal ? child.pid : child.pid && -child.pid;
  if (target !== undefined) reaper.watch(target);
  let signals = 0;
  const onSignal = (name: NodeJS.Signals) => {
    signals += 1;
    if (name !== 'SIGINT' || !terminal) child.kill(name);
    if (signals > 1) setTimeout(() => child.kill('SIGKILL'), lastWordMs);
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
