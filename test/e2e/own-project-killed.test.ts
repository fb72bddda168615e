/**
 * Runs of somebody’s own project that are interrupted or killed at each step: the CLI with its
 * process group, the chaos service, the orchestrator. Then nothing of the run is left, at the
 * latest after `encore revert`, and the developer’s own stack of the same name is not touched.
 * ENCORE_EVERY_STEP=1 kills every program at every step.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { runCommand, tail } from '../support/command.ts';
import { ignoreComposeFile } from '../support/compose-file.ts';
import { requireEngine } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import {
  begins,
  isEveryStep,
  type LabProgram,
  type Moment,
  moments,
  momentsOfLab,
  OwnRun,
  projectName,
  type RunOptions,
  stackState,
  stepMs,
  tinyProject,
} from './own-run.ts';

/** Runs beside each other. */
const lanes = 3;

interface Step extends Partial<RunOptions> {
  name: string;
  /** What happens to the run; resolves once it has happened. */
  act(run: OwnRun): Promise<void>;
  /** Possible exit codes of the run; null for a killed one. */
  exitCodes: (number | null)[];
  /** The run itself removed everything. */
  isRemoved: boolean;
}

/** A run that a busy machine makes INCONCLUSIVE is that, even if it was also interrupted. */
const interrupted = [2, 130];
const judged = [0, 1, 2];

const interruptedAt = (moment: Moment): Step => ({
  name: `Ctrl-C at ${moment}`,
  act: async (run) => {
    await begins[moment](run);
    run.signal('SIGINT');
  },
  exitCodes: moment === 'takeDown' ? [...judged, 130] : interrupted,
  isRemoved: true,
});
const killedAt = (moment: Moment): Step => ({
  name: `SIGKILL of everything at ${moment}`,
  act: async (run) => {
    await begins[moment](run);
    run.signal('SIGKILL');
    await run.kill('orchestrator', 'chaos');
  },
  exitCodes: [null],
  isRemoved: false,
});
/** What the fault changed is restored, although one of its programs was killed. */
const programKilledAt = (program: LabProgram, moment: Moment, kind: RunOptions['kind']): Step => ({
  name: `SIGKILL of the ${program} at ${moment} of a ${kind}`,
  ...(kind && { kind }),
  keep: true,
  act: async (run) => {
    await begins.preflight(run);
    const original = await run.targetState();
    await begins[moment](run);
    await run.kill(program);
    await run.ended;
    await run.restored(original);
  },
  exitCodes: exitCodesAfter(program, moment),
  isRemoved: false,
});

/**
 * Without an orchestrator there is no verdict, unless the run ended just before; without chaos for
 * a moment there is any verdict, or a refusal of preflight.
 */
function exitCodesAfter(program: LabProgram, moment: Moment): number[] {
  if (moment === 'reverting') return interrupted;
  if (program === 'orchestrator') return [2];
  return moment === 'preflight' ? [...judged, 3] : judged;
}

const kinds = ['freeze', 'memory-cap', 'partition'] as const;
const everyStep = (): Step[] => [
  ...moments.flatMap((moment) => [...(moment === 'reverting' ? [] : [interruptedAt(moment)]), killedAt(moment)]),
  ...momentsOfLab.flatMap((moment) =>
    kinds.flatMap((kind) => [programKilledAt('chaos', moment, kind), programKilledAt('orchestrator', moment, kind)]),
  ),
];
/** Each moment, each program and each kind once; the slow ones first. */
const selection = (): Step[] => [
  programKilledAt('chaos', 'fault', 'memory-cap'),
  killedAt('takeDown'),
  interruptedAt('readBack'),
  programKilledAt('orchestrator', 'fault', 'partition'),
  killedAt('reverting'),
  killedAt('fault'),
  killedAt('ramp'),
  killedAt('preflight'),
  killedAt('start'),
  killedAt('build'),
  interruptedAt('build'),
];
const besides: Step = {
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
  exitCodes: [130],
  isRemoved: false,
};

async function perform({ name: step, act, exitCodes, isRemoved, ...options }: Step): Promise<void> {
  await using run = await OwnRun.start({ env: {}, ...options });
  try {
    await act(run);
    const exitCode = await run.ended;
    assert.ok(exitCodes.includes(exitCode), `exit code ${exitCode}`);
    if (!isRemoved) await run.revert();
    assert.deepEqual(await run.left(), []);
  } catch (error) {
    throw new Error(`${step}: ${String(error)}\n${tail(run.output)}`);
  }
}

describe('a run of somebody’s own project that is killed', function () {
  this.timeout(isEveryStep ? 3 * stepMs : stepMs);
  let folder = '';
  let ownPort = 0;
  const compose = (...args: string[]) =>
    runCommand('docker', ['compose', ...args], {
      cwd: folder,
      env: { OWN_PORT: String(ownPort), TINY_NAME: projectName },
      timeoutMs: 120_000,
    });
  /** The developer’s own stack, and what it responds. */
  const ownStack = async (): Promise<string[]> => {
    const response = await fetch(`http://127.0.0.1:${ownPort}/`);
    return [...(await stackState({})), await response.text()];
  };

  ignoreComposeFile();
  before(async function () {
    await requireEngine(this);
    folder = await mkdtemp(join(tmpdir(), 'encore-own-stack-'));
    await cp(tinyProject, folder, { recursive: true });
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
    const waiting = [...(isEveryStep ? everyStep() : selection()), besides];
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
