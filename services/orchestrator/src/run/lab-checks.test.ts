import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineInfo } from '@encore/contracts';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { profiles } from '../settings/profiles.ts';
import { type Check, checkText, engineChecks, limitsBytes } from './lab-checks.ts';

const gib = 1024 ** 3;
const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const good: EngineInfo = {
  engine: 'Docker',
  version: '29.0.1',
  kernel: '6.12',
  cgroupVersion: '2',
  cores: 4,
  memoryBytes: 8 * gib,
  clockAheadMs: 0,
  composeVersion: '2.39.4',
  images: { 'encore-server-1': 'encore/server' },
  checkouts: { '/home/a/encore': ['encore-server-1', 'encore-chaos-1'] },
  running: { server: ['encore-server-1'] },
  outdated: [],
  publishedPorts: { server: [8001], toxiproxy: [8000], orchestrator: [8080], chaos: [] },
  toxiproxy: '2.12.0',
  restartSetups: { 'encore-server-1': { policy: 'always', init: true, stopSignal: 'SIGTERM' } },
  unsupported: {},
};
const checks = (engine: Partial<EngineInfo>) => engineChecks({ ...good, ...engine }, makePlan(config));
const states = (engine: Partial<EngineInfo>): Record<string, string> =>
  Object.fromEntries(checks(engine).map(({ name, state }) => [name, state]));

describe('preflight checklist', () => {
  it('has nothing to say about a good engine', () => {
    assert.deepEqual([...new Set(Object.values(states({})))], ['ok']);
  });

  it('refuses an engine that is too old, too small, or without Toxiproxy', () => {
    assert.equal(states({ version: '24.0.9' })['engine'], 'fail');
    assert.equal(states({ memoryBytes: 2 * gib })['memory'], 'fail');
    assert.equal(states({ toxiproxy: '' })['Toxiproxy'], 'fail');
  });

  it('names the proxy that is in use', () => {
    const found = (engine: Partial<EngineInfo>) => checks(engine).map(({ name, found }) => `${name}: ${found}`);
    assert.ok(found({}).includes('Toxiproxy: 2.12.0'));
    const embedded = found({ engine: 'Encore process engine', composeVersion: null });
    assert.ok(embedded.includes("proxy: Encore's own, with the API of Toxiproxy 2.12.0"), embedded.join('\n'));
  });

  it('names what a crash needs and what the container has', () => {
    const setup = { policy: 'no', init: false, stopSignal: 'SIGQUIT' };
    const check = checks({ restartSetups: { 'encore-server-1': setup } }).find(({ name }) => name === 'restart policy');
    assert.equal(check?.state, 'warn');
    assert.equal(
      check.found,
      'encore-server-1 has restart: no (needs always), init: false (needs true), stop_signal: SIGQUIT (needs SIGTERM); without them its restart policy does not recover a crash',
    );
    assert.match(check.fix ?? '', /up -d --force-recreate/);
  });

  it('refuses a Compose that does not know how to start the lab', () => {
    for (const version of ['1.29.2', '2.19.1', 'v2.4.0'])
      assert.equal(states({ composeVersion: version })['Compose'], 'fail');
    for (const version of ['2.20.0', 'v2.26.1', '5.0.0'])
      assert.equal(states({ composeVersion: version })['Compose'], 'ok');
  });

  it('of Compose, the lines that name a command name its project too, for `down` and `run` of another one would miss it', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../docker-compose.yml'), 'utf8');
    const commands = [...text.matchAll(/^ +- ENCORE_(?:COMMAND|AFTER_RUN_HINT)=(.*)$/gm)].map(([, command]) => command);
    assert.equal(commands.length, 2);
    for (const command of commands) assert.match(command ?? '', /^docker compose -p \$\{COMPOSE_PROJECT_NAME\} /);
  });

  it('names the checkout of the containers, and warns of a second one with the same project name', () => {
    const one = checks({}).find(({ name }) => name === 'checkout') as Check;
    assert.deepEqual([one.state, one.found], ['ok', '/home/a/encore']);
    const checkouts = { '/home/a/encore': ['encore-chaos-1'], '/home/b/encore': ['encore-server-1'] };
    const two = checks({ checkouts }).find(({ name }) => name === 'checkout') as Check;
    assert.match(
      checkText(two),
      /^WARN.*\/home\/a\/encore \(encore-chaos-1\), \/home\/b\/encore \(encore-server-1\)\n.*COMPOSE_PROJECT_NAME/,
    );
  });

  it('adds up the memory limits as docker-compose.yml has them', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../docker-compose.yml'), 'utf8');
    // In megabytes, or in bytes as the default of a variable.
    const limits = [...text.matchAll(/^ +mem_limit: (?:(\d+)m|\$\{\w+:-(\d+)\})$/gm)];
    const megabytes = limits.map(([, number, bytes]) => (number ? Number(number) : Number(bytes) / 1024 ** 2));
    assert.equal(
      megabytes.reduce((sum, number) => sum + number, 0),
      limitsBytes / 1024 ** 2,
    );
  });

  it('refuses two containers of one service, and names what removes them', () => {
    const running = { loadgen: ['encore-loadgen-1', 'encore-loadgen-2'], server: ['encore-server-1'] };
    const check = checks({ running }).find(({ name }) => name === 'containers') as Check;
    assert.match(checkText(check), /FAIL.* 2 of loadgen \(encore-loadgen-1, encore-loadgen-2\).*\n.*--scale loadgen=1/);
  });

  it('warns of containers that were made of another image, and of a page that nobody can open', () => {
    const outdated = checks({ outdated: ['encore-server-1'] }).find(({ name }) => name === 'images');
    assert.match(checkText(outdated as Check), /WARN.*encore-server-1\n.*--build/);
    const closed = checks({ publishedPorts: { ...good.publishedPorts, orchestrator: [] } });
    assert.match(
      checkText(closed.find(({ name }) => name === 'ports') as Check),
      /WARN.*orchestrator\n.*--service-ports/,
    );
    assert.equal(states({ publishedPorts: {} })['ports'], 'warn');
  });

  it('says what the control groups forbid', () => {
    assert.equal(states({ cgroupVersion: '' })['control groups'], 'warn');
    assert.match(checks({ cgroupVersion: '1' }).map(checkText).join('\n'), /ok +control groups: v1: .* refused/);
  });

  it('warns of little memory, and of faults that cannot be done', () => {
    assert.equal(states({ memoryBytes: 3 * gib })['memory'], 'warn');
    assert.equal(states({ unsupported: { 'memory-cap': 'no cgroup' } })['faults'], 'warn');
    assert.equal(states({ unsupported: { partition: 'not planned' } })['faults'], 'ok');
  });

  it('does not ask of plain processes what only containers need', () => {
    const processes = states({ engine: 'encore-processes', version: '1', memoryBytes: 2 * gib, composeVersion: null });
    assert.deepEqual([processes['engine'], processes['memory']], ['ok', 'warn']);
    for (const name of ['Compose', 'images', 'ports']) assert.equal(processes[name], undefined);
  });

  it('refuses a plan of which nothing is possible here, and warns where a part is', () => {
    const [planned, ...others] = new Set(makePlan(config).faults.map(({ kind }) => kind));
    const reason = 'it needs a container';
    const some = checks({ unsupported: { [planned ?? '']: reason } }).find(({ name }) => name === 'faults');
    assert.equal(some?.state, 'warn');
    const unsupported = Object.fromEntries([planned, ...others].map((kind) => [kind, reason]));
    const none = checks({ unsupported }).find(({ name }) => name === 'faults');
    assert.equal(none?.state, 'fail');
    assert.match(none.found, /^none of the planned faults is possible here: \S+ \(it needs a container\); /);
    assert.match(none.fix ?? '', /plan other kinds/);
  });
});
