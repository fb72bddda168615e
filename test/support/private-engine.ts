/**
 * A Docker engine that a test may kill. It runs in its own namespaces (network, mounts, processes)
 * with its own data, sockets and containerd, so it shares only the kernel with this machine's
 * engine. When the first process of the process namespace ends, everything in it ends: dockerd,
 * containerd and containers.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import type { Context } from 'mocha';
import { runCommand, tail } from './command.ts';

const isRoot = process.getuid?.() === 0;
const namespaces = ['--net', '--mount', '--pid'];
/** Parent control group of this engine's containers. */
const cgroup = 'encore-private-engine';

/**
 * Skips where no second engine can be started; fails instead for root if a Docker engine is
 * required. CI runs its tests as another user, and this one again as root.
 */
export function requirePrivateEngine(context: Context): void {
  const reason = whyNone();
  if (reason === null) return;
  if (process.env['ENCORE_REQUIRE_DOCKER'] && isRoot) throw new Error(reason);
  process.stdout.write(`    SKIPPED: ${reason}\n`);
  context.skip();
}

function whyNone(): string | null {
  if (!isRoot) return 'only root may start a second Docker engine: run this file again with sudo';
  const works = (file: string, ...args: string[]) => spawnSync(file, args, { stdio: 'ignore' }).status === 0;
  if (!works('dockerd', '--version')) return 'there is no dockerd on PATH to start a second Docker engine with';
  if (!works('unshare', ...namespaces, '--fork', '--mount-proc', 'ip', 'link', 'set', 'lo', 'up'))
    return 'no namespaces for a second Docker engine can be made here (`unshare --net --mount --pid`)';
  return null;
}

export class PrivateEngine implements AsyncDisposable {
  /** Value for `DOCKER_HOST`. */
  readonly host: string;
  readonly socket: string;
  readonly #folder: string;
  /** Pid on this machine of the first process in the namespaces. */
  readonly #anchorPid: number;
  readonly #log: string;

  private constructor(folder: string, anchorPid: number) {
    this.#folder = folder;
    this.#anchorPid = anchorPid;
    this.#log = join(folder, 'dockerd.log');
    this.socket = join(folder, 'docker.sock');
    this.host = `unix://${this.socket}`;
  }

  static async create(): Promise<PrivateEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'encore-engine-'));
    // /run contains the sockets of this machine's engine and of its shims.
    const script = 'mount -t tmpfs none /run && ip link set lo up && echo up && while :; do sleep 60; done';
    const anchor = spawn('unshare', [...namespaces, '--fork', '--mount-proc', '--kill-child', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: '/',
    });
    await Promise.race([
      once(anchor.stdout, 'data'),
      once(anchor, 'exit').then(() => {
        throw new Error('creating the namespaces of the second engine failed');
      }),
    ]);
    const { pid } = anchor;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return new PrivateEngine(folder, Number(children.trim()));
  }

  /** Starts dockerd and waits until it responds. */
  async start(): Promise<void> {
    const paths = ['--data-root', join(this.#folder, 'data'), '--exec-root', join(this.#folder, 'exec')];
    const dockerd = [
      'dockerd',
      ...paths,
      '--pidfile',
      join(this.#folder, 'pid'),
      '--host',
      this.host,
      '--live-restore',
    ];
    // This cgroup driver works without systemd, which is unreachable from in here.
    dockerd.push('--cgroup-parent', `/${cgroup}`, '--exec-opt', 'native.cgroupdriver=cgroupfs');
    // Pass on no descriptor of this process: one of them may be a lock.
    const shell = `exec "$@" >>"$0" 2>&1`;
    const child = spawn('nsenter', [...this.#enter, 'sh', '-c', shell, this.#log, ...dockerd], {
      stdio: 'ignore',
      cwd: '/',
    });
    const ended = once(child, 'exit').then(async () => {
      throw new Error(`dockerd ended:\n${tail(await readFile(this.#log, 'utf8'))}`);
    });
    const responds = async () => (await this.docker(['version'], 10_000)).exitCode === 0;
    await Promise.race([ended, waitUntil('the second engine', responds, { timeoutMs: 60_000, everyMs: 250 })]);
    ended.catch(() => {});
  }

  /**
   * Sends a signal to dockerd, and only to it and to these processes of its containers, whose pids
   * are those that it reports.
   */
  async signal(name: 'KILL' | 'TERM' | 'STOP' | 'CONT', containerPids: readonly string[] = []): Promise<void> {
    // dockerd's pid file contains its pid in its own namespace.
    const pids = [...containerPids, (await readFile(join(this.#folder, 'pid'), 'utf8')).trim()];
    const sent = await runCommand('nsenter', [...this.#enter, 'kill', `-${name}`, ...pids], { timeoutMs: 10_000 });
    if (sent.exitCode !== 0) throw new Error(`dockerd or a container (${pids}) got no SIG${name}: ${sent.stderr}`);
  }

  docker(args: readonly string[], timeoutMs: number, env: NodeJS.ProcessEnv = {}) {
    return runCommand('docker', args, { timeoutMs, env: { ...env, DOCKER_HOST: this.host } });
  }

  /** Copies images from the engine of this machine. */
  async load(images: readonly string[]): Promise<void> {
    const script = 'set -o pipefail; docker save "$@" | DOCKER_HOST="$0" docker load --quiet';
    const copied = await runCommand('bash', ['-c', script, this.host, ...images], { timeoutMs: 300_000 });
    if (copied.exitCode !== 0) throw new Error(`images were not copied: ${copied.stderr}`);
  }

  /** Ends the engine and everything in it, even if it no longer responds. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.kill(this.#anchorPid, 'SIGKILL');
    const isOver = async () => {
      try {
        process.kill(this.#anchorPid, 0);
        return false;
      } catch {
        return true;
      }
    };
    // Ends when the last process of its namespace has ended, and removes the mounts.
    await waitUntil('the end of the second engine', isOver, { timeoutMs: 60_000, everyMs: 100 });
    await rm(this.#folder, { recursive: true, force: true });
    removeCgroups();
  }

  get #enter(): string[] {
    return ['--target', String(this.#anchorPid), ...namespaces];
  }
}

/**
 * Removes the groups in all hierarchies (v1) or in the one (v2); the kernel keeps those with
 * processes.
 */
function removeCgroups(): void {
  const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name))];
  for (const root of roots) removeTree(join(root, cgroup));
}

function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(folder, entry.name));
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}
