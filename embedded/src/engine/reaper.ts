/**
 * Ends what we started, should we be killed without a chance to do it: a detached `sh` reads process groups from a pipe
 * that only we hold. When the pipe closes, it ends every group that is still listed, stopped ones too, and removes the
 * lab's folder. SIGQUIT first, because PostgreSQL then takes its shared memory with it.
 */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

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

  /** `folder` is removed at the very end; '' for none. */
  constructor(folder: string) {
    const child = spawn('/bin/sh', ['-c', script, 'encore-reaper', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    child.on('error', () => {});
    child.unref();
    this.#pipe = child.stdin;
    // Somebody ended the reaper: the lab still ends its processes itself on every orderly way out.
    this.#pipe.on('error', () => {});
  }

  /** A process group (negative) or a single process (positive). */
  watch(target: number): void {
    this.#pipe.write(`add ${target}\n`);
  }

  forget(target: number): void {
    this.#pipe.write(`del ${target}\n`);
  }

  /** Ends whatever is still listed. */
  [Symbol.dispose](): void {
    this.#pipe.end();
  }
}
