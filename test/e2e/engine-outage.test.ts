/**
 * The container engine dies in the middle of a run and returns after 20 s, while `--live-restore`
 * keeps the containers running: the run continues, has no data for that time, and the report names
 * the engine. The test starts and kills its own engine.
 */
import assert from 'node:assert/strict';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { runCommand, tail } from '../support/command.ts';
import { requireEngine } from '../support/engine.ts';
import { freeLabPorts } from '../support/free-port.ts';
import { PrivateEngine, requirePrivateEngine } from '../support/private-engine.ts';
import { reportOf } from '../support/report.ts';

const project = 'encore-outage';
const outageMs = 20_000;

describe('an outage of the container engine', () => {
  let engine: PrivateEngine | null = null;
  const env: Record<string, string> = {
    COMPOSE_FILE: 'docker-compose.yml:test/e2e/engine-outage.compose.yml',
    ENCORE_CONFIG: 'test/e2e/engine-outage.yaml',
    ENCORE_SEED: '7',
  };

  before(async function () {
    requirePrivateEngine(this);
    // This machine's engine builds the images, because it caches the layers of other builds.
    await requireEngine(this);
    const local = { timeoutMs: 600_000, env };
    const built = await runCommand('docker', ['compose', '-p', project, 'build', '--quiet'], local);
    assert.equal(built.exitCode, 0, tail(built.stderr));
    const listed = await runCommand('docker', ['compose', '-p', project, 'config', '--images'], local);
    engine = await PrivateEngine.create();
    await engine.start();
    await engine.load([...new Set(listed.stdout.trim().split('\n'))]);
    Object.assign(env, await freeLabPorts(), { ENCORE_DOCKER_SOCKET: engine.socket });
  });
  after(() => engine?.[Symbol.asyncDispose]());

  it('leaves a gap in the data, and the run continues with the new engine', async () => {
    assert.ok(engine);
    const lab = engine;
    const docker = (args: string[], timeoutMs: number) => lab.docker(args, timeoutMs, env);
    const up = await docker(['compose', '-p', project, 'up', '--no-build', '--detach'], 180_000);
    assert.equal(up.exitCode, 0, tail(up.stderr));
    const orchestrator = `${project}-orchestrator-1`;
    const log = () => docker(['logs', orchestrator], 20_000);
    const isReverted = async () => /f0001 reverted/.test((await log()).stdout);
    await waitUntil('the first fault to be over', isReverted, { timeoutMs: 120_000, everyMs: 500 });

    const killedAt = Date.now();
    await engine.signal('KILL');
    await new Promise((over) => setTimeout(over, outageMs));
    await engine.start();
    const backAt = Date.now();

    const waited = await docker(['wait', orchestrator], 240_000);
    const run = await log();
    const report = await reportOf(run);
    const story = `${report.reasons.join('\n')}\n${tail(run.stdout, 80)}`;
    assert.deepEqual([report.result, waited.stdout.trim()], ['INCONCLUSIVE', '2'], story);
    assert.match(story, /no container events for .* from .*: the container engine /);
    assert.doesNotMatch(story, /the run was aborted|planned faults? skipped/);
    for (const name of ['manual_interventions', 'unexpected_exits'])
      assert.equal(report.thresholds.find((rule) => rule.name === name)?.ok, null, name);
    const unseen = report.gaps.filter(({ reason }) => reason.includes('container engine'));
    const [from, to] = [Date.parse(unseen[0]?.from ?? ''), Date.parse(unseen.at(-1)?.to ?? '')];
    // The last response may be a second older than the engine's death, and the chaos service
    // restarts after the engine's return.
    assert.ok(from > killedAt - 5_000 && from < killedAt + 1_000 && to > backAt - 5_000, JSON.stringify(unseen));

    const started = await docker(['inspect', '--format', '{{.State.StartedAt}}', `${project}-chaos-1`], 20_000);
    // Restarted by its policy. RestartCount does not count containers that a starting dockerd finds
    // exited.
    assert.ok(Date.parse(started.stdout.trim()) > killedAt, 'the chaos service was restarted, for the new socket');
    assert.deepEqual(
      report.faults.map(({ effect, revert_verified: reverted }) => [effect, reverted]),
      [
        ['confirmed', true],
        ['confirmed', true],
      ],
      story,
    );
    assert.equal(report.integrity.lost, 0);
  });
}).timeout(900_000);
