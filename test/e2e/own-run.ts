/**
 * `encore run` of the tiny project in a folder and a process group of its own, for tests that
 * interrupt or kill it at a chosen moment.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { root, runCommand, tail } from '../support/command.ts';

/** Also for the build of Encore’s own images, which the first run makes. */
export const stepMs = 600_000;
/** Name of the Compose project, for the developer’s own stack and for each run. */
export const projectName = `my--lab-${process.pid}`;
/** The chaos service and the orchestrator, as they are labelled. */
export type LabProgram = 'chaos' | 'orchestrator';

export const tinyProject = join(import.meta.dirname, 'tiny-project');

export interface RunOptions {
  /** Chooses the engine; empty for that of this machine. */
  env: NodeJS.ProcessEnv;
  /** Kind of the one fault. */
  kind?: 'freeze' | 'memory-cap' | 'partition';
  /** Leaves everything up. */
  keep?: boolean;
}

/** Returns the lines of the output. */
export async function docker(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runCommand('docker', args, { env, timeoutMs: 120_000 });
  assert.equal(exitCode, 0, `docker ${args.join(' ')}\n${tail(stderr)}`);
  return stdout.split('\n').filter((line) => line !== '');
}

export class OwnRun implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  private constructor(folder: string, { env, keep = false }: RunOptions) {
    this.#folder = folder;
    this.#env = { ...env, TINY_NAME: projectName };
    const args = ['run', '--no-monitor', '--seed', '7', ...(keep ? ['--keep'] : [])];
    const options = { cwd: folder, env: { ...process.env, ...this.#env }, detached: true };
    this.#child = spawn(join(root, 'encore'), args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    // A killed CLI leaves commands that keep its output open, so this is not `close`.
    this.ended = once(this.#child, 'exit').then(([code]) => code as number | null);
  }

  static async start(options: RunOptions): Promise<OwnRun> {
    const folder = await mkdtemp(join(tmpdir(), 'encore-killed-'));
    await cp(tinyProject, folder, { recursive: true });
    await writeFile(join(folder, 'version'), folder);
    const settings = await readFile(join(folder, 'encore.yaml'), 'utf8');
    await writeFile(join(folder, 'encore.yaml'), settings.replace('kind: freeze', `kind: ${options.kind ?? 'freeze'}`));
    return new OwnRun(folder, options);
  }

  /** Empty until the run has a name. */
  get id(): string {
    return new RegExp(`Starting ${projectName}-encore-(\\S+),`).exec(this.output)?.[1] ?? '';
  }

  /** Fails if the run ends first. */
  async until(pattern: RegExp): Promise<void> {
    await this.reaches(String(pattern), () => pattern.test(this.output));
  }

  /** Waits for something that the run does; fails if the run ends first. */
  async reaches(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
    const stop = new AbortController();
    void this.ended.then((code) => stop.abort(new Error(`it ended with ${code} before ${what}`)));
    await waitUntil(what, probe, { timeoutMs: stepMs, everyMs: 20, signal: stop.signal });
  }

  /** As a terminal and the kernel do it: to the whole process group. */
  signal(name: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, name);
  }

  /** Everything of the run that is on the engine or on this machine. */
  async left(): Promise<string[]> {
    const folders = await readdir(tmpdir());
    return [
      ...(await this.#list(['ps', '-a'], 'container {{.Names}} {{.State}}')),
      ...(await this.#list(['network', 'ls'], 'network {{.Name}}')),
      ...(await this.#list(['volume', 'ls'], 'volume {{.Name}}')),
      ...(await this.#list(['image', 'ls', '-a'], 'image {{.ID}} {{.Repository}}:{{.Tag}}')),
      ...folders.filter((name) => name === `encore-run-${this.id}`),
    ];
  }

  /** What faults change in the target: whether it is frozen, its limits and its networks. */
  async targetState(): Promise<string[]> {
    const [id = ''] = await this.#list(['ps', '-aq', '--filter', 'label=encore.target=server']);
    const networks = '{{range $name, $of := .NetworkSettings.Networks}} {{$name}} {{json $of.Aliases}}{{end}}';
    const limits = '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}}';
    return await docker(this.#env, 'inspect', '--format', `{{.State.Status}} ${limits}${networks}`, id);
  }

  /** Waits until the target is as it was, which takes at most as long as a lease. */
  async restored(original: readonly string[]): Promise<void> {
    const isRestored = async () => {
      const state = await this.targetState();
      if (state.join() !== original.join()) throw new Error(`${state} instead of ${original}`);
      return true;
    };
    await waitUntil('the original target', isRestored, { timeoutMs: 30_000, everyMs: 500 });
  }

  /** Process ids, as the engine and the chaos service see them, of the running programs. */
  async pidsOf(...programs: LabProgram[]): Promise<string[]> {
    const pids: string[] = [];
    for (const program of programs)
      for (const id of await this.#list(['ps', '-q', '--filter', `label=encore.lab=${program}`]))
        pids.push(...(await docker(this.#env, 'inspect', '--format', '{{.State.Pid}}', id)));
    // 0 if the container has ended in the meantime; as a pid, it is the process group of `kill`.
    return pids.filter((pid) => pid !== '0');
  }

  /** Bypasses the engine, whose kill disarms the restart policy; chaos sees host processes. */
  async kill(...programs: LabProgram[]): Promise<void> {
    const pids = await this.pidsOf(...programs);
    const [chaos] = await this.#list(['ps', '-q', '--filter', 'label=encore.lab=chaos']);
    if (chaos === undefined) return;
    const program = `for (const pid of [${pids}]) process.kill(pid, 'SIGKILL')`;
    // If one of them is chaos, the command ends together with its container.
    await runCommand('docker', ['exec', chaos, 'node', '-e', program], { env: this.#env, timeoutMs: 60_000 });
  }

  encore(...args: string[]) {
    return runCommand(join(root, 'encore'), args, { cwd: this.#folder, env: this.#env, timeoutMs: 120_000 });
  }

  /** Removes what the run has left, which must be something, and asserts that nothing remains. */
  async revert(): Promise<void> {
    const reverted = await this.encore('revert');
    assert.equal(reverted.exitCode, 0, reverted.stderr);
    assert.match(reverted.stdout, new RegExp(`^Run ${this.id}: removed `, 'm'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
    await this.encore('revert');
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Lists what has the label of this run. */
  async #list(command: readonly string[], format?: string): Promise<string[]> {
    const shown = format === undefined ? [] : ['--format', format];
    return await docker(this.#env, ...command, '--filter', `label=encore.run=${this.id}`, ...shown);
  }
}

/** Resolves when the run has reached the moment. */
export const begins = {
  /** Each run builds an image of its own, which takes a second. */
  build: async (run: OwnRun) => {
    await run.until(/Building your images/);
    const isBuilding = async () => {
      const { stdout } = await runCommand('ps', ['-axww', '-o', 'args='], { timeoutMs: 30_000 });
      return stdout.split('\n').some((line) => line.includes(`encore-run-${run.id}`) && / up -d /.test(line));
    };
    await run.reaches('docker compose up', isBuilding);
  },
  start: async (run: OwnRun) => {
    await begins.build(run);
    const exists = async () => (await run.left()).some((line) => line.includes('-server-target-'));
    await run.reaches('its first container', exists);
  },
  preflight: async (run: OwnRun) => await run.until(/phase preflight/),
  ramp: async (run: OwnRun) => await run.until(/phase ramp/),
  fault: async (run: OwnRun) => await run.until(/f0001 \S+ of server: injected/),
  /** A stop during the fault, because a planned revert is not announced. */
  reverting: async (run: OwnRun) => {
    await begins.fault(run);
    run.signal('SIGINT');
    await run.until(/phase cooldown/);
  },
  reverted: async (run: OwnRun) => await run.until(/f0001 reverted/),
  readBack: async (run: OwnRun) => await run.until(/phase read-back/),
  takeDown: async (run: OwnRun) => {
    const containers = async () => (await run.left()).filter((line) => line.startsWith('container ')).length;
    await run.until(/phase close/);
    const all = await containers();
    await run.reaches('its first removal', async () => (await containers()) < all);
  },
};
export type Moment = keyof typeof begins;

/** The moments of a run, in order. */
export const moments = ['build', 'start', 'preflight', 'ramp', 'fault', 'reverting', 'readBack', 'takeDown'] as const;
/** Those at which the chaos service and the orchestrator are running. */
export const momentsOfLab = moments.slice(2, -1);
/** Kills every program at every moment, instead of a selection that covers both. */
export const isEveryStep = process.env['ENCORE_EVERY_STEP'] === '1';

/** The developer’s own containers with the start of each process, their volumes and images. */
export async function stackState(env: NodeJS.ProcessEnv): Promise<string[]> {
  const ofStack = ['--filter', `label=com.docker.compose.project=${projectName}`];
  const ids = await docker(env, 'ps', '-aq', '--no-trunc', ...ofStack);
  const format = '{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}';
  return [
    ...(await docker(env, 'inspect', '--format', format, ...ids)),
    ...(await docker(env, 'volume', 'ls', '--format', '{{.Name}}', ...ofStack)),
    ...(await docker(env, 'image', 'ls', '--format', '{{.ID}}', `${projectName}-server`)),
  ];
}
