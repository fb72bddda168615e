import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineInfo, RestartSetup } from '@encore/contracts';
import { plannedSystem } from '@encore/kit';
import { bundledSystem, bundledSystemWith } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { describe, it } from 'mocha';
import { renamedSystem } from '../../../../../test/support/renamed-system.ts';
import { profiles } from '../../settings/profiles.ts';
import { engineChecks, limitsBytes } from './engine-checks.ts';
import { checkText, type PreflightCheck } from './preflight-check.ts';

const gib = 1024 ** 3;
const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
const good: EngineInfo = {
  system: plannedSystem(bundledSystem),
  engine: 'Docker',
  version: '29.0.1',
  kernel: '6.12',
  withoutRestartPolicy: [],
  healthChecks: {},
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
  proxyMisfits: {},
  seesConnections: false,
  restartSetups: { 'encore-server-1': { policy: 'always', init: true, stopSignal: 'SIGTERM' } },
  restartPolicies: { server: ['always'], chaos: ['always'], loadgen: ['always'], toxiproxy: ['always'] },
  unsupported: {},
};
const checks = (engine: Partial<EngineInfo>) => engineChecks({ ...good, ...engine }, makePlan(config, bundledSystem));
const states = (engine: Partial<EngineInfo>): Record<string, string> =>
  Object.fromEntries(checks(engine).map(({ name, state }) => [name, state]));

describe('preflight checks', () => {
  it('accept a suitable engine', () => {
    assert.deepEqual([...new Set(Object.values(states({})))], ['ok']);
  });

  it('reject an engine that is too old, too small, or without Toxiproxy', () => {
    assert.equal(states({ version: '24.0.9' })['engine'], 'fail');
    assert.equal(states({ memoryBytes: 2 * gib })['memory'], 'fail');
    assert.equal(states({ toxiproxy: '' })['Toxiproxy'], 'fail');
  });

  it('reject a chaos service that was started with a different system description', () => {
    assert.equal(states({ system: plannedSystem(renamedSystem) })['system'], 'fail');
  });

  it('require an answer through the entry and through each proxy that a fault acts on', () => {
    const [fault] = makePlan(config, bundledSystem).faults;
    assert.ok(fault);
    const plan = { ...makePlan(config, bundledSystem), faults: [] };
    const probesOf = (target: string, proxies: string[]) => {
      const proxyMisfits = Object.fromEntries(proxies.map((name) => [name, 'no answer']));
      const found = engineChecks({ ...good, proxyMisfits }, { ...plan, faults: [{ ...fault, target }] });
      return found.find(({ name }) => name === 'probes');
    };
    assert.equal(probesOf('server', ['postgres:5432'])?.state, 'warn', 'no fault acts on it');
    assert.equal(probesOf('postgres:5432', ['postgres:5432'])?.state, 'fail');
    const { state, found } = probesOf('server', ['server:8000', 'postgres:5432']) ?? {};
    assert.deepEqual([state, found], ['fail', 'server:8000: no answer; postgres:5432: no answer']);
  });

  it('expect published ports of the entry, of the judged container and of the live page', () => {
    const plan = makePlan(config, renamedSystem);
    const published = { alpha: [8001], gamma: [8000], orchestrator: [8080] };
    const found = (publishedPorts: EngineInfo['publishedPorts']) =>
      engineChecks({ ...good, publishedPorts }, plan).find(({ name }) => name === 'ports')?.found;
    assert.match(found(published) ?? '', /^published for /);
    assert.equal(found({ orchestrator: [8080] }), 'not published for gamma, alpha');
    assert.equal(found({ api: [], 'encore-orchestrator': [8080] }), 'published for encore-orchestrator (8080)');
  });

  it('name the proxy in use', () => {
    const found = (engine: Partial<EngineInfo>) => checks(engine).map(({ name, found }) => `${name}: ${found}`);
    assert.ok(found({}).includes('Toxiproxy: 2.12.0'));
    const embedded = found({ engine: 'Encore process engine', composeVersion: null });
    assert.ok(embedded.includes('proxy: built in, with the API of Toxiproxy 2.12.0'), embedded.join('\n'));
  });

  it('name the required and the actual restart settings', () => {
    const setup = { policy: 'no', init: false, stopSignal: 'SIGQUIT' };
    const check = checks({ restartSetups: { 'encore-server-1': setup } }).find(({ name }) => name === 'restart policy');
    assert.equal(check?.state, 'warn');
    assert.equal(
      check.found,
      'encore-server-1 has restart: no (required: always), init: false (required: true), stop_signal: SIGQUIT (required: SIGTERM); the restart policy will not restart it after every crash',
    );
    assert.match(check.fix ?? '', /up -d --scale orchestrator=0 --force-recreate/);
  });

  it('suggest no command that would begin the 24-hour run of the orchestrator', () => {
    const fixes = checks({
      checkouts: { '/a': ['encore-server-1'], '/b': ['encore-chaos-1'] },
      outdated: ['encore-server-1'],
      publishedPorts: { orchestrator: [8080] },
      restartSetups: { server: { policy: 'no', init: true, stopSignal: 'SIGTERM' } },
      restartPolicies: { chaos: ['no'] },
    }).flatMap(({ fix = '' }) => (fix.includes('docker compose up') ? [fix] : []));
    assert.equal(fixes.length, 5);
    for (const fix of fixes) assert.match(fix, /`docker compose up -d --scale orchestrator=0[^`]*`/);
  });

  it('know which restart settings recover a crash', () => {
    const stateOf = (setup: Partial<RestartSetup>) => {
      const server = { policy: 'always', init: true, stopSignal: 'SIGTERM', ...setup };
      return states({ restartSetups: { server } })['restart policy'];
    };
    for (const setup of [{ policy: 'on-failure' }, { stopSignal: 'SIGINT' }]) assert.equal(stateOf(setup), 'ok');
    for (const setup of [{ policy: 'on-failure:5' }, { policy: 'unless-stopped' }, { stopSignal: '' }, { init: false }])
      assert.equal(stateOf(setup), 'warn', JSON.stringify(setup));
  });

  it('warn of a service of the lab that would stay down', () => {
    const restartPolicies = { ...good.restartPolicies, chaos: ['no'], results: ['no'] };
    const check = checks({ restartPolicies }).find(({ name }) => name === 'restarts of the lab') as PreflightCheck;
    assert.match(checkText(check), /^WARN.*: chaos has restart: no \(required: always\); .*\n.*--force-recreate/);
  });

  it('reject an outdated Compose', () => {
    for (const version of ['1.29.2', '2.19.1', 'v2.4.0'])
      assert.equal(states({ composeVersion: version })['Compose'], 'fail');
    for (const version of ['2.20.0', 'v2.26.1', '5.0.0'])
      assert.equal(states({ composeVersion: version })['Compose'], 'ok');
  });

  it('Compose: name the project in every suggested command', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../../docker-compose.yml'), 'utf8');
    const commands = [...text.matchAll(/^ +- ENCORE_(?:COMMAND|AFTER_RUN_HINT)=(.*)$/gm)].map(([, command]) => command);
    assert.equal(commands.length, 2);
    for (const command of commands) assert.match(command ?? '', /^docker compose -p \$\{COMPOSE_PROJECT_NAME\} /);
  });

  it('warn of two checkouts with the same project name', () => {
    const one = checks({}).find(({ name }) => name === 'checkout') as PreflightCheck;
    assert.deepEqual([one.state, one.found], ['ok', '/home/a/encore']);
    const checkouts = { '/home/a/encore': ['encore-chaos-1'], '/home/b/encore': ['encore-server-1'] };
    const two = checks({ checkouts }).find(({ name }) => name === 'checkout') as PreflightCheck;
    assert.match(
      checkText(two),
      /^WARN.*\/home\/a\/encore \(encore-chaos-1\), \/home\/b\/encore \(encore-server-1\)\n.*COMPOSE_PROJECT_NAME/,
    );
  });

  it('use the sum of the memory limits in docker-compose.yml', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../../docker-compose.yml'), 'utf8');
    // In megabytes, or in bytes as the default value of a variable.
    const limits = [...text.matchAll(/^ +mem_limit: (?:(\d+)m|\$\{\w+:-(\d+)\})$/gm)];
    const megabytes = limits.map(([, number, bytes]) => (number ? Number(number) : Number(bytes) / 1024 ** 2));
    assert.equal(
      megabytes.reduce((sum, number) => sum + number, 0),
      limitsBytes / 1024 ** 2,
    );
  });

  it('reject two containers of one service, and suggest a command', () => {
    const running = { loadgen: ['encore-loadgen-1', 'encore-loadgen-2'], server: ['encore-server-1'] };
    const check = checks({ running }).find(({ name }) => name === 'containers') as PreflightCheck;
    assert.match(
      checkText(check),
      /FAIL.* 2 containers for loadgen \(encore-loadgen-1, encore-loadgen-2\).*\n.*--scale loadgen=1/,
    );
  });

  it('reject a target that has ended, and suggest what fits the kind of project', () => {
    const checkOf = (info: Partial<EngineInfo>) =>
      checkText(checks({ running: {}, ...info }).find(({ name }) => name === 'containers') as PreflightCheck);
    assert.match(checkOf({}), /FAIL.* 0 containers for server; a run needs 1 of server\n.*docker compose up/);
    assert.match(checkOf({ publishedPorts: { server: [8000] } }), /FAIL.*\n.*remove a job that ends by itself/);
  });

  it('expect as many replicas as the system description has', () => {
    const system = bundledSystemWith({ replicas: 2 });
    const found = (running: EngineInfo['running']) => {
      const checks = engineChecks({ ...good, running }, makePlan(config, system));
      return checkText(checks.find(({ name }) => name === 'containers') as PreflightCheck);
    };
    assert.match(found({ server: ['encore-server-1', 'encore-server-2'] }), /^ok/);
    assert.match(
      found({ server: ['encore-server-1'] }),
      /FAIL.* 1 container for server \(encore-server-1\); a run needs 2 of server\n.*--scale server=2/,
    );
  });

  it('warn of outdated containers and of an unreachable page', () => {
    const outdated = checks({ outdated: ['encore-server-1'] }).find(({ name }) => name === 'images');
    assert.match(checkText(outdated as PreflightCheck), /WARN.*encore-server-1\n.*--build/);
    const closed = checks({ publishedPorts: { ...good.publishedPorts, orchestrator: [] } });
    assert.match(
      checkText(closed.find(({ name }) => name === 'ports') as PreflightCheck),
      /WARN.*orchestrator\n.*--service-ports/,
    );
    assert.equal(states({ publishedPorts: {} })['ports'], 'warn');
  });

  it('describe the limits of the control groups', () => {
    assert.equal(states({ cgroupVersion: '' })['control groups'], 'warn');
    assert.match(checks({ cgroupVersion: '1' }).map(checkText).join('\n'), /ok +control groups: v1: rejects/);
  });

  it('warn of little memory and of unsupported faults', () => {
    assert.equal(states({ memoryBytes: 3 * gib })['memory'], 'warn');
    const own = { publishedPorts: { web: [8080] }, memoryBytes: 2 * gib };
    assert.equal(states(own)['memory'], 'warn', 'the limits of a user’s own project are not those of the lab');
    assert.equal(states({ unsupported: { 'memory-cap': 'no cgroup' } })['faults'], 'warn');
    assert.equal(states({ unsupported: { partition: 'not planned' } })['faults'], 'ok');
  });

  it('require nothing of processes that only containers need', () => {
    const processes = states({ engine: 'encore-processes', version: '1', memoryBytes: 2 * gib, composeVersion: null });
    assert.deepEqual([processes['engine'], processes['memory']], ['ok', 'warn']);
    for (const name of ['Compose', 'images', 'ports']) assert.equal(processes[name], undefined);
  });

  it('check the containers of a Compose that does not label them with its version', () => {
    const running = { loadgen: ['encore_loadgen_1', 'encore_loadgen_2'] };
    const checkouts = { '/home/a/encore': ['encore_chaos_1'], '/home/b/encore': ['encore_server_1'] };
    const podman = states({ engine: 'linux/amd64/fedora-43', composeVersion: null, running, checkouts });
    assert.deepEqual([podman['Compose'], podman['containers'], podman['checkout']], [undefined, 'fail', 'warn']);
    assert.deepEqual([podman['images'], podman['ports'], podman['Toxiproxy']], ['ok', 'ok', 'ok']);
  });

  it('reject a plan without any supported fault, and warn of a partly supported one', () => {
    const [planned, ...others] = new Set(makePlan(config, bundledSystem).faults.map(({ kind }) => kind));
    const reason = 'it needs a container';
    const some = checks({ unsupported: { [planned ?? '']: reason } }).find(({ name }) => name === 'faults');
    assert.equal(some?.state, 'warn');
    const unsupported = Object.fromEntries([planned, ...others].map((kind) => [kind, reason]));
    const none = checks({ unsupported }).find(({ name }) => name === 'faults');
    assert.equal(none?.state, 'fail');
    assert.match(none.found, /^none of the planned faults is supported here: \S+ \(it needs a container\); /);
    assert.match(none.fix ?? '', /plan other kinds/);
  });
});
