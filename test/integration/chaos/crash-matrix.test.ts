/**
 * A crash of programs that treat signals differently, under each restart policy, on the Docker
 * engine: what ends them, and what starts them again. docs/YOUR_PROJECT.md has the table with more
 * images.
 */
import assert from 'node:assert/strict';
import type { PlannedFault } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { requireEngine } from '../../support/engine.ts';
import { type ForeignContainer, ForeignLab, nodeImage, toxiproxyImage } from './foreign-lab.ts';

const runId = 'crash-matrix';
const idle = 'setInterval(() => {}, 1e6)';
const node: ForeignContainer = { image: nodeImage, command: ['node', '-e', idle], restart: 'always' };
const shell: ForeignContainer = {
  image: nodeImage,
  command: ['sh', '-c', 'while :; do sleep 1; done'],
  restart: 'unless-stopped',
};
/** Each with the exit code of its crash; null if it does not end. */
const matrix: Record<string, ForeignContainer & { exitCode: number | null }> = {
  node: { ...node, exitCode: 137 },
  'node-no-policy': { ...node, restart: 'no', exitCode: 137 },
  // As PID 1 of its container, a program ignores every signal that it does not handle.
  'node-term': { ...node, signal: 'SIGTERM', exitCode: null },
  'node-init': { ...node, init: true, restart: 'on-failure:3', exitCode: 137 },
  // The init forwards it to a process that is not PID 1.
  'node-init-term': { ...node, init: true, signal: 'SIGTERM', exitCode: 143 },
  shell: { ...shell, exitCode: 137 },
  'shell-quit': { ...shell, signal: 'SIGQUIT', exitCode: null },
  go: { image: toxiproxyImage, command: ['-host=0.0.0.0'], restart: 'on-failure:3', exitCode: 137 },
  // The runtime of Go ends a program at SIGQUIT, with a dump of its goroutines.
  'go-quit': { image: toxiproxyImage, command: [], restart: 'always', signal: 'SIGQUIT', exitCode: 2 },
  postgres: {
    image: 'postgres:17-bookworm',
    command: ['postgres'],
    environment: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
    restart: 'unless-stopped',
    exitCode: 137,
  },
};

describe('crash matrix', function () {
  this.timeout(120_000);
  let lab: ForeignLab | undefined;
  let count = 0;
  before(async function () {
    await requireEngine(this);
    lab = await ForeignLab.start(matrix);
    await lab.chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
  });
  after(async () => await lab?.[Symbol.asyncDispose]());

  const crashOf = (target: string): PlannedFault => {
    count += 1;
    return {
      id: `f${String(count).padStart(4, '0')}`,
      kind: 'crash',
      target,
      atSeconds: 0,
      durationSeconds: 0,
      params: {},
    };
  };
  const stateOf = async (current: ForeignLab, name: string) => {
    const { State, RestartCount } = await current.container(name).inspect();
    return { status: State.Status, exitCode: State.ExitCode, restarts: RestartCount };
  };
  const isBack = (current: ForeignLab, name: string, restarts: number) =>
    waitUntil(
      `${name} to be restarted`,
      async () => {
        const state = await stateOf(current, name);
        return state.status === 'running' && state.restarts === restarts;
      },
      { timeoutMs: 20_000 },
    );

  it('ends what its signal can end, and only the restart policy starts it again', async () => {
    assert.ok(lab);
    const { chaos } = lab;
    const faults = Object.keys(matrix).map(crashOf);
    await chaos.schedule(runId, ...faults);
    for (const { id, target } of faults) {
      const { exitCode = null, restart = '' } = matrix[target] ?? {};
      const { effect, evidence } = await chaos.effectOf(id);
      if (exitCode === null) {
        assert.deepEqual([effect, evidence], ['absent', 'no die event within 4 s'], target);
        assert.deepEqual(await stateOf(lab, target), { status: 'running', exitCode: 0, restarts: 0 }, target);
        continue;
      }
      assert.deepEqual([effect, evidence], ['confirmed', `exit code ${exitCode}`], target);
      if (restart !== 'no') await isBack(lab, target, 1);
    }
    const down = await stateOf(lab, 'node-no-policy');
    assert.deepEqual(down, { status: 'exited', exitCode: 137, restarts: 0 }, 'nothing starts it');
    const starts = await chaos.eventsOf('target_started');
    const restarted = Object.keys(matrix).filter(
      (name) => matrix[name]?.exitCode !== null && name !== 'node-no-policy',
    );
    assert.deepEqual(starts.map(({ target }) => target).sort(), restarted.sort());
    assert.deepEqual([...new Set(starts.map(({ actor }) => actor))], ['restart-policy']);
  });

  it('is not recovered under on-failure:3 a fourth time, as the engine counts all of a container', async () => {
    assert.ok(lab);
    for (const restarts of [2, 3]) {
      assert.equal((await lab.chaos.inject(runId, crashOf('go'))).effect, 'confirmed');
      await isBack(lab, 'go', restarts);
    }
    assert.equal((await lab.chaos.inject(runId, crashOf('go'))).effect, 'confirmed');
    await waitUntil('its end', async () => (await stateOf(lab as ForeignLab, 'go')).status === 'exited', {
      timeoutMs: 10_000,
    });
  });
});
