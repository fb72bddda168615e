/**
 * Runs a program with a disk of a chosen size mounted over a folder: a tmpfs in its own mount
 * namespace, which ends with the program. The disk can shrink while the program runs, which fills
 * it without writing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';

/** Root needs no user namespace; another user gets one where the system allows it. */
const isRoot = process.getuid?.() === 0;
const unshare = isRoot ? ['--mount'] : ['--mount', '--map-root-user'];
const nsenter = isRoot ? [] : ['--user', '--preserve-credentials'];

/** Whether this user can mount a disk on this machine. */
export function canMountDisks(): boolean {
  const { status } = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'encore-test', '/mnt'], {
    stdio: 'ignore',
  });
  return status === 0;
}

/**
 * Command line that runs `command` with a disk of `size` (in tmpfs notation, `300m`) at `folder`,
 * with the pid of its first program.
 */
export function onDisk(folder: string, size: string, command: readonly string[]): [string, ...string[]] {
  const script = 'mount -t tmpfs -o "size=$0" encore-test "$1" && shift && exec "$@"';
  return ['unshare', ...unshare, 'sh', '-c', script, size, folder, ...command];
}

/**
 * Shrinks the disk that the process with this pid sees at `folder` to what is in use, so that
 * nothing is free.
 */
export function fillDisk(pid: number, folder: string): void {
  const { blocks, bfree, bsize } = statfsSync(`/proc/${pid}/root${folder}`);
  const size = Math.max(1, blocks - bfree) * bsize;
  execFileSync('nsenter', [...nsenter, '-t', String(pid), '--mount', 'mount', '-o', `remount,size=${size}`, folder]);
}
