/**
 * Kills our processes if we are killed without a chance to do so. A detached `sh` reads process
 * groups from a pipe that only we hold. When the pipe closes, it kills every listed group, stopped
 * ones too, and removes the lab's folder. SIGQUIT comes first, because PostgreSQL then releases its
 * shared memory. The processes are also recorded in that folder, in case the `sh` is killed, too.
 */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { recordProcess } from './process-record.ts';

const script = `
trap '' INT TERM HUP QUIT PIPE
targets=' '
while read -r verb target; do
  case $verb in
    add) targets="$targets$target " ;;
    del) case $targets in *" $target "*) targets="\${targets%% $target *} \${targets#* $target }" ;; esac ;;
  esac
done
for target in $targets; do
  kill -QUIT "$target"
  kill -CONT "$target"
done 2>/dev/null
[ "$targets" = ' ' ] || sleep 0.3
for target in $targets; do kill -KILL "$target"; done 2>/dev/null
[ -z "$1" ] || rm -rf -- "$1"
`;

export class Reaper {
  readonly #pipe: Writable;
  readonly #folder: string;

  /** `folder` is removed last; '' for none. */
  constructor(folder: string) {
    this.#folder = folder;
    const child = spawn('/bin/sh', ['-c', script, 'encore-reaper', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    child.on('error', () => {});
    child.unref();
    this.#pipe = child.stdin;
    // If the reaper is killed, the lab still stops its processes on every orderly exit.
    this.#pipe.on('error', () => {});
  }

  /** A process group (negative) or a single process (positive). */
  watch(target: number): void {
    this.#pipe.write(`add ${target}\n`);
  }

  /** Call before the process starts others. */
  async record(pid: number): Promise<void> {
    if (this.#folder !== '') await recordProcess(this.#folder, pid);
  }

  forget(target: number): void {
    this.#pipe.write(`del ${target}\n`);
  }

  /** Closes the pipe, so that the reaper kills every group that is still listed. */
  [Symbol.dispose](): void {
    this.#pipe.end();
  }
}
