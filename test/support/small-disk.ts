/**
 * Runs a program that sees a disk of a chosen size in the place of a folder: a tmpfs in a mount namespace of its own, which
 * is gone when the program ends. The disk can be made smaller while the program runs, which fills it without writing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';

/** Root needs no user namespace; another user gets one where the system allows it. */
const isRoot = process.getuid?.() === 0;
const unshare = isRoot ? ['--mount'] : ['--mount', '--map-root-user'];
const nsenter = isRoot ? [] : ['--user', '--preserve-credentials'];

/** Whether this machine lets this user mount a disk of his own. */
export function canMountDisks(): boolean {
  const { status } = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'encore-test', '/mnt'], {
    stdio: 'ignore',
  });
  return status === 0;
}

/** The command line that runs `command` with a disk of `size` (as tmpfs takes it, `300m`) at `folder`, under the pid of its first program. */
export function onDisk(folder: string, size: string, command: readonly string[]): [string, ...string[]] {
  const script = 'mount -t tmpfs -o "size=$0" encore-test "$1" && shift && exec "$@"';
  return ['unshare', ...unshare, 'sh', '-c', script, size, folder, ...command];
}

/** Leaves nothing free on the disk that the process with this pid sees at `folder`: the disk shrinks to what is in use. */
export function fillDisk(pid: number, folder: string): void {
  const { blocks, bfree, bsize } = statfsSync(`/proc/${pid}/root${folder}`);
  const size = Math.max(1, blocks - bfree) * bsize;
  execFileSync('nsenter', [...nsenter, '-t', String(pid), '--mount', 'mount', '-o', `remount,size=${size}`, folder]);
}
