/**
 * The container engine is killed at each step of a run of somebody’s own project, alone and
 * together with the CLI, the chaos service and the orchestrator. What a fault changed is restored,
 * `encore revert` removes the run, and the developer’s own stack of the same name is not touched.
 * The test starts and kills its own engine. It does so twice while the run starts;
 * ENCORE_EVERY_STEP=1 kills it at every step.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { labTag } from '../../packages/project/src/run/lab-tag.ts';
import { root, runCommand, tail } from '../support/command.ts';
import { ignoreComposeFile } from '../support/compose-file.ts';
import { requireEngine } from '../support/engine.ts';
import { PrivateEngine, requirePrivateEngine } from '../support/private-engine.ts';
import {
  begins,
  docker,
  isEveryStep,
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

/** How long the engine is away. */
const awayMs = 3_000;
const otherImages = ['node:24-bookworm-slim', 'ghcr.io/shopify/toxiproxy:2.12.0'];

/** Builds the images of the lab on this machine's engine, because it caches layers. */
async function labImages(): Promise<string[]> {
  const tag = await labTag(root);
  const programs = ['chaos', 'loadgen', 'orchestrator'];
  for (const name of programs) {
    const args = ['--build-arg', `WORKSPACE=services/${name}`, '-t', `localhost/encore-${name}:${tag}`, root];
    const built = await runCommand('docker', ['build', '--quiet', ...args], { timeoutMs: stepMs });
    assert.equal(built.exitCode, 0, tail(built.stderr));
  }
  return programs.map((name) => `localhost/encore-${name}:${tag}`);
}

describe('an engine that is killed during a run of somebody’s own project', function () {
  this.timeout(isEveryStep ? 3 * stepMs : stepMs);
  let folder = '';
  let engine: PrivateEngine | null = null;
  let env: NodeJS.ProcessEnv = {};

  ignoreComposeFile();
  before(async function () {
    requirePrivateEngine(this);
    await requireEngine(this);
    const images = await labImages();
    engine = await PrivateEngine.create();
    await engine.start();
    await engine.load([...images, ...otherImages]);
    env = { DOCKER_HOST: engine.host };
    folder = await mkdtemp(join(tmpdir(), 'encore-own-stack-'));
    await cp(tinyProject, folder, { recursive: true });
    const up = ['compose', '--project-directory', folder, 'up', '-d', '--build', '--wait', '--quiet-pull'];
    const started = await engine.docker(up, stepMs, { TINY_NAME: projectName });
    assert.equal(started.exitCode, 0, tail(started.stderr));
  });
  after(async () => {
    await engine?.[Symbol.asyncDispose]();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  const lab = (): PrivateEngine => {
    assert.ok(engine);
    return engine;
  };
  /** The developer’s own stack, and what it responds inside its own container. */
  const ownStack = async (): Promise<string[]> => {
    const program = "fetch('http://127.0.0.1:8000').then((it) => it.text()).then(console.log)";
    return [
      ...(await stackState(env)),
      ...(await docker(env, 'exec', `${projectName}-server-1`, 'node', '-e', program)),
    ];
  };
  const perform = async (options: Partial<RunOptions>, act: (run: OwnRun) => Promise<void>): Promise<void> => {
    const stack = await ownStack();
    assert.equal(stack.length, 4, stack.join('\n'));
    await using run = await OwnRun.start({ env, ...options });
    try {
      await act(run);
      await run.revert();
      assert.deepEqual(await run.left(), []);
      assert.deepEqual(await ownStack(), stack);
    } catch (error) {
      throw new Error(`${String(error)}\n${tail(run.output)}`);
    }
  };
  const away = () => new Promise((over) => setTimeout(over, awayMs));

  const together: Moment[] = isEveryStep ? [...moments] : ['start'];
  for (const moment of together)
    it(`leaves nothing after a revert, if it is killed with everything of Encore at ${moment}`, async () => {
      await perform({}, async (run) => {
        await begins[moment](run);
        const pids = await run.pidsOf('orchestrator', 'chaos');
        run.signal('SIGKILL');
        await lab().signal('KILL', pids);
        assert.equal(await run.ended, null);
        const refused = await run.encore('revert');
        assert.equal(refused.exitCode, 3, refused.stdout);
        assert.match(refused.stderr, /not everything was removed[\s\S]*Docker daemon/);
        await lab().start();
      });
    });

  const beforeTheRun: Moment[] = isEveryStep ? ['build', 'start'] : ['build'];
  for (const moment of beforeTheRun)
    it(`ends a run that is starting, if it is killed at ${moment}`, async () => {
      await perform({}, async (run) => {
        await begins[moment](run);
        await lab().signal('KILL');
        assert.equal(await run.ended, 3);
        assert.match(run.output, /Not everything could be removed[\s\S]*To try again: .*encore revert/);
        await lab().start();
      });
    });

  const during: [Moment, RunOptions['kind']][] = isEveryStep
    ? momentsOfLab.flatMap((moment) => [
        [moment, 'freeze' as const],
        [moment, 'memory-cap' as const],
        [moment, 'partition' as const],
      ])
    : [];
  for (const [moment, kind = 'freeze'] of during)
    it(`leaves a run its verdict, and the target as it was, if it is killed at ${moment} of a ${kind}`, async () => {
      await perform({ kind, keep: true }, async (run) => {
        await begins.preflight(run);
        const original = await run.targetState();
        await begins[moment](run);
        await lab().signal('KILL');
        await away();
        await lab().start();
        const code = await run.ended;
        assert.ok(code !== null && (moment === 'reverting' ? [2, 130] : [0, 1, 2]).includes(code), `exit code ${code}`);
        assert.match(
          run.output,
          /^The (connection to the container engine was lost|container engine does not respond)/m,
        );
        assert.match(run.output, /^Result: /m);
        await run.restored(original);
      });
    });
});
