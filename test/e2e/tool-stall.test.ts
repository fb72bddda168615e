/**
 * tool-stall in a whole lab, seen from outside: exactly one breaker opens, the other tools respond
 * meanwhile, and the breaker closes when the fault is over. On both engines. The server's settings
 * shorten it: five tool timeouts of 3 s, then 10 s of open breaker.
 */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { systemClock } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { quickScore } from '../../workloads/music/src/slow-score.ts';
import { type CommandResult, root, runCommand, tail } from '../support/command.ts';
import { ComposeLab } from '../support/compose-lab.ts';
import { Prometheus } from '../support/prometheus.ts';
import { reportOf } from '../support/report.ts';
import { type BreakerState, serverUser } from '../support/server-user.ts';
import { assertMoved } from './moved.ts';

const settings = {
  profile: 'smoke',
  hours: 0.015,
  users: 10,
  capacitySeconds: 0,
  rampSeconds: 5,
  seed: 7,
  // The fault takes most of the time, so an ordinary plan would have too few fault-free windows.
  allowInfeasiblePlan: true,
  schedule: [
    {
      name: 'stall',
      target: 'server',
      when: { atSeconds: [3] },
      faults: [{ kind: 'tool-stall', durationSeconds: { min: 36, max: 36 } }],
    },
  ],
};
const otherTools = ['key_analysis', 'harmony_analysis', 'voice_leading', 'pattern_recognition'];
const runMs = 240_000;

interface Seen {
  /** Each state of the stalled tool's breaker, in order. */
  states: BreakerState[];
  /** Breakers that were ever not closed. */
  opened: Set<string>;
  /** Outcomes of the other tools while it was open. */
  answers: (string | null)[];
}

/** Observes as a user and at the health port until it is stopped. */
function lookOn(userUrl: string, healthUrl: string): () => Promise<Seen> {
  const seen: Seen = { states: [], opened: new Set(), answers: [] };
  const stop = new AbortController();
  const user = serverUser(userUrl, healthUrl);
  const looking = (async () => {
    while (!stop.signal.aborted) {
      // The server is down before the start and during the restart at the end.
      const breakers = await user.breakers(stop.signal).catch((): Record<string, BreakerState> => ({}));
      for (const [name, state] of Object.entries(breakers)) if (state !== 'closed') seen.opened.add(name);
      const state = breakers['tool_ChordAnalysis'];
      if (state && state !== seen.states.at(-1)) seen.states.push(state);
      if (state === 'open' && seen.answers.length === 0) {
        await user.store('onlooker-1', quickScore(), stop.signal);
        for (const tool of otherTools) seen.answers.push(await user.analyze(tool, 'onlooker-1', stop.signal));
        await user.remove('onlooker-1', stop.signal);
      }
      await systemClock.sleep(250, stop.signal).catch(() => {});
    }
  })();
  return async () => {
    stop.abort(new Error('the run is over'));
    await looking;
    return seen;
  };
}

function assertStalled(run: CommandResult, report: Report, seen: Seen): void {
  const story = `${tail(run.stdout, 60)}\n${report.reasons.join('\n')}`;
  const [fault] = report.faults;
  assert.equal(fault?.effect, 'confirmed', `${fault?.evidence}\n${story}`);
  assert.deepEqual([...seen.opened], ['tool_ChordAnalysis']);
  assert.deepEqual(seen.states.slice(0, 2), ['closed', 'open']);
  assert.equal(seen.states.at(-1), 'closed');
  assert.deepEqual(seen.answers, Array(otherTools.length).fill(null), 'the other tools answer while it is open');
  assert.equal(fault?.recovered_by, 'self');
  for (const [name, count] of Object.entries(report.hygiene)) assert.equal(count, 0, name);
  assert.equal(report.integrity.lost, 0);
  assert.ok((report.totals.success_rate ?? 0) > 0.99, story);
}

describe('tool-stall', () => {
  let folder = '';
  let config = '';
  let serverConfig = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-stall-'));
    config = join(folder, 'stall.json');
    serverConfig = join(folder, 'server.json');
    const usual = JSON.parse(await readFile(join(root, 'server_config.json'), 'utf8')) as { breaker: object };
    const quick = { ...usual, tool_timeout: 3, breaker: { ...usual.breaker, open_seconds: 10 } };
    await chmod(folder, 0o755);
    for (const [path, content] of [
      [config, settings],
      [serverConfig, quick],
    ] as const)
      await writeFile(path, JSON.stringify(content), { mode: 0o644 });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('opens and closes one breaker of the embedded lab', async () => {
    let stop: () => Promise<Seen> = () => Promise.reject(new Error('the lab did not say where it listens'));
    const run = await runCommand('./encore', ['--config', config], {
      timeoutMs: runMs,
      env: { ENCORE_SERVER_CONFIG: serverConfig, ENCORE_RESULTS_DIR: 'test_results/stall-embedded' },
      onOutput: (text) => {
        const page = text.match(/live page http:\/\/localhost:(\d+)/)?.[1];
        const at = (offset: number) => `http://127.0.0.1:${Number(page) - 80 + offset}`;
        if (page !== undefined) stop = lookOn(at(0), at(1));
      },
    });
    assertStalled(run, await reportOf(run), await stop());
  });

  describe('with Docker', () => {
    const lab = new ComposeLab('encore-stall');
    before(async function () {
      await lab.prepare(this, { ENCORE_SERVER_CONFIG: serverConfig });
    });
    after(() => lab.down());

    it('opens and closes one breaker of the Compose lab, and shows it on its panel', async () => {
      const fromMs = Date.now();
      const stop = lookOn(lab.url('SERVER'), lab.url('HEALTH'));
      const options = ['-v', `${config}:/app/stall.json:ro`, '-e', 'ENCORE_RESULTS_DIR=test_results/stall'];
      const run = await lab.orchestrate(['--config', '/app/stall.json'], { options });
      const seen = await stop();
      const report = await reportOf(run);
      assertStalled(run, report, seen);
      const lines = await assertMoved(
        new Prometheus(lab.url('PROMETHEUS')),
        { fromMs, toMs: Date.now() },
        report.faults,
      );
      assert.equal(lines.length, 1);
      process.stdout.write(`    ${lines[0]}\n`);
    });
  });
});
