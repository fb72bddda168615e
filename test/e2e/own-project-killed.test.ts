/**
 * Runs of somebody’s own project that are interrupted or killed at each step: the CLI with its
 * process group, the chaos service, the orchestrator. Then nothing of the run is left, at the
 * latest after `encore revert`, and the developer’s own stack of the same name is not touched.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { root, runCommand, tail } from '../support/command.ts';
import { ignoreComposeFile } from '../support/compose-file.ts';
import { requireEngine } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';

/** Also for the build of Encore’s own images, which the first run makes. */
const stepMs = 600_000;
/** Name of the Compose project, for the developer’s own stack and for each run. */
const name = `my--lab-${process.pid}`;
process.env['TINY_NAME'] = name;
/** Runs beside each other. */
const lanes = 3;

async function docker(...args: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runCommand('docker', args, { timeoutMs: 120_000 });
  assert.equal(exitCode, 0, `docker ${args.join(' ')}\n${tail(stderr)}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** `encore run` in a folder of its own, in a process group of its own. */
class OwnRun {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  private constructor(folder: string) {
    this.folder = folder;
    const args = ['run', '--no-monitor', '--seed', '7'];
    this.#child = spawn(join(root, 'encore'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    // A killed CLI leaves commands that keep its output open, so this is not `close`.
    this.ended = once(this.#child, 'exit').then(([code]) => code as number | null);
  }

  static async start(): Promise<OwnRun> {
    const folder = await mkdtemp(join(tmpdir(), 'encore-killed-'));
    await cp(join(import.meta.dirname, 'tiny-project'), folder, { recursive: true });
    await writeFile(join(folder, 'version'), folder);
    return new OwnRun(folder);
  }

  /** Empty until the run has a name. */
  get id(): string {
    return new RegExp(`Starting ${name}-encore-(\\S+),`).exec(this.output)?.[1] ?? '';
  }

  async until(pattern: RegExp): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => pattern.test(this.output) && resolve();
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', look);
    look();
    const ended = this.ended.then((code) => {
      throw new Error(`it ended with ${code} before ${pattern}`);
    });
    await Promise.race([promise, ended]);
    ended.catch(() => {});
  }

  /** As a terminal and the kernel do it: to the whole process group. */
  signal(name: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, name);
  }

  /** Everything of the run that is on the engine or on this machine. */
  async left(): Promise<string[]> {
    const ofRun = ['--filter', `label=encore.run=${this.id}`, '--format'];
    const folders = await readdir(tmpdir());
    return [
      ...(await docker('ps', '-a', ...ofRun, 'container {{.Names}} {{.State}}')),
      ...(await docker('network', 'ls', ...ofRun, 'network {{.Name}}')),
      ...(await docker('volume', 'ls', ...ofRun, 'volume {{.Name}}')),
      ...(await docker('image', 'ls', '-a', ...ofRun, 'image {{.ID}} {{.Repository}}:{{.Tag}}')),
      ...folders.filter((name) => name === `encore-run-${this.id}`),
    ];
  }

  encore(...args: string[]) {
    return runCommand(join(root, 'encore'), args, { cwd: this.folder, timeoutMs: 120_000 });
  }

  /** Bypasses the engine, whose kill disarms the restart policy; chaos sees host processes. */
  async kill(service: string): Promise<void> {
    const container = (of: string) => `${name}-encore-${this.id}-${of}`;
    const [pid] = await docker('inspect', '--format', '{{.State.Pid}}', container(service));
    const program = `process.kill(${pid}, 'SIGKILL')`;
    // If the service is chaos, the command ends together with its container.
    await runCommand('docker', ['exec', container('encore-chaos-1'), 'node', '-e', program], { timeoutMs: 60_000 });
  }
}

interface Step {
  name: string;
  /** What happens to the run; resolves once it has happened. */
  act(run: OwnRun): Promise<void>;
  /** Exit code of the run; null for a killed one. */
  exitCode: number | null;
  /** The run itself removed everything. */
  isRemoved: boolean;
}

const begins = {
  /** Each run builds an image of its own, which takes a second. */
  build: async (run: OwnRun) => {
    await run.until(/Building your images/);
    const isBuilding = async () => {
      const { stdout } = await runCommand('ps', ['-axww', '-o', 'args='], { timeoutMs: 30_000 });
      return stdout.split('\n').some((line) => line.includes(`encore-run-${run.id}`) && / up -d /.test(line));
    };
    await waitUntil('docker compose up', isBuilding, { timeoutMs: stepMs, everyMs: 50 });
  },
  start: async (run: OwnRun) => {
    await begins.build(run);
    const exists = async () => (await run.left()).some((line) => line.includes('-server-target-'));
    await waitUntil('its first container', exists, { timeoutMs: stepMs, everyMs: 50 });
  },
  ramp: async (run: OwnRun) => await run.until(/phase ramp/),
  fault: async (run: OwnRun) => await run.until(/f0001 freeze of server: injected/),
  revert: async (run: OwnRun) => await run.until(/f0001 reverted/),
  readBack: async (run: OwnRun) => await run.until(/phase read-back/),
  takeDown: async (run: OwnRun) => {
    const containers = async () => (await run.left()).filter((line) => line.startsWith('container ')).length;
    await run.until(/phase close/);
    const all = await containers();
    await waitUntil('its first removal', async () => (await containers()) < all, { timeoutMs: stepMs, everyMs: 20 });
  },
};
const interruptedAt = (moment: keyof typeof begins): Step => ({
  name: `Ctrl-C at ${moment}`,
  act: async (run) => {
    await begins[moment](run);
    run.signal('SIGINT');
  },
  exitCode: 130,
  isRemoved: true,
});
const killedAt = (moment: keyof typeof begins): Step => ({
  name: `SIGKILL of everything at ${moment}`,
  act: async (run) => {
    await begins[moment](run);
    run.signal('SIGKILL');
  },
  exitCode: null,
  isRemoved: false,
});

const steps: Step[] = [
  interruptedAt('build'),
  killedAt('build'),
  killedAt('start'),
  interruptedAt('readBack'),
  killedAt('takeDown'),
  killedAt('fault'),
  {
    name: 'a second run and a revert beside it, then Ctrl-C twice',
    act: async (run) => {
      await begins.fault(run);
      for (const [command, text] of [
        ['run', 'or wait until it ends'],
        ['revert', 'not everything was removed'],
      ] as const) {
        const refused = await run.encore(command);
        const output = refused.stdout + refused.stderr;
        assert.equal(refused.exitCode, 3, output);
        assert.ok(output.includes(`run ${run.id} is still running (process `) && output.includes(text), output);
      }
      run.signal('SIGINT');
      await run.until(/stopping: /);
      run.signal('SIGINT');
    },
    exitCode: 130,
    isRemoved: false,
  },
  {
    name: 'SIGKILL of chaos during the fault, then of everything at read-back',
    act: async (run) => {
      await begins.fault(run);
      await run.kill('encore-chaos-1');
      await begins.revert(run);
      await begins.readBack(run);
      run.signal('SIGKILL');
    },
    exitCode: null,
    isRemoved: false,
  },
  {
    name: 'SIGKILL of the orchestrator during the fault',
    act: async (run) => {
      await begins.fault(run);
      await run.kill('encore-orchestrator');
    },
    exitCode: 2,
    isRemoved: true,
  },
];

async function perform({ name: step, act, exitCode, isRemoved }: Step): Promise<void> {
  const run = await OwnRun.start();
  try {
    await act(run);
    assert.equal(await run.ended, exitCode);
    if (!isRemoved) {
      const reverted = await run.encore('revert');
      assert.equal(reverted.exitCode, 0, reverted.stderr);
      assert.match(reverted.stdout, new RegExp(`^Run ${run.id}: removed `, 'm'));
    }
    assert.deepEqual(await run.left(), []);
  } catch (error) {
    throw new Error(`${step}: ${String(error)}\n${tail(run.output)}`);
  } finally {
    run.signal('SIGKILL');
    await run.ended;
    await run.encore('revert');
    await rm(run.folder, { recursive: true, force: true });
  }
}

describe('a run of somebody’s own project that is killed', function () {
  this.timeout(stepMs);
  let folder = '';
  let ownPort = 0;
  const compose = (...args: string[]) =>
    runCommand('docker', ['compose', ...args], {
      cwd: folder,
      env: { OWN_PORT: String(ownPort) },
      timeoutMs: 120_000,
    });
  /** The developer’s own containers with the start of each process, and what it responds. */
  const ownStack = async (): Promise<string[]> => {
    const { stdout } = await compose('ps', '-q');
    const ids = stdout.split('\n').filter((line) => line !== '');
    const states = await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}', ...ids);
    const response = await fetch(`http://127.0.0.1:${ownPort}/`);
    const volumes = await docker('volume', 'ls', '--format', '{{.Name}}', '--filter', `name=^${name}_data$`);
    const images = await docker('image', 'ls', '--format', '{{.ID}}', `${name}-server`);
    return [...states, ...volumes, ...images, await response.text()];
  };

  ignoreComposeFile();
  before(async function () {
    await requireEngine(this);
    folder = await mkdtemp(join(tmpdir(), 'encore-own-stack-'));
    await cp(join(import.meta.dirname, 'tiny-project'), folder, { recursive: true });
    ownPort = await freePort();
    const up = await compose('up', '-d', '--build', '--wait', '--quiet-pull');
    assert.equal(up.exitCode, 0, tail(up.stderr));
  });
  after(async () => {
    if (folder === '') return;
    // COMPOSE_FILE, which names the files of the lab, may be set again by now.
    await compose('-f', 'compose.yaml', 'down', '-v', '--rmi', 'local', '-t', '1');
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves nothing after Ctrl-C while it starts', async () => {
    await perform(interruptedAt('start'));
  });

  it('leaves nothing after a revert, whatever was killed and when', async () => {
    const stack = await ownStack();
    assert.equal(stack.length, 4, stack.join('\n'));
    const waiting = [...steps];
    const problems: unknown[] = [];
    const lane = async () => {
      for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
        await perform(step).catch((error: unknown) => problems.push(error));
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    assert.deepEqual(problems, []);
    assert.deepEqual(await ownStack(), stack);
  });
});
