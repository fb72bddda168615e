import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { renamedSystem } from '../../../../test/support/renamed-system.ts';
import { problems, run, testFiles } from '../testing/parsed-command.ts';
import { type Command, parseCommandLine } from './command-line.ts';

describe('parseCommandLine', () => {
  const { folder, file } = testFiles();

  it('runs the full profile with a random seed by default', () => {
    const { config, plan } = run([]);
    assert.deepEqual(
      [config.profile, config.hours, config.users, config.killIntervalMinutes, config.recoveryTimeoutSeconds],
      ['full', 24, 100, 60, 60],
    );
    assert.equal(config.seed, 42);
    assert.equal(plan.seed, 42);
    assert.ok(plan.faults.filter(({ kind }) => kind === 'crash' || kind === 'outage').length >= 22);
  });

  it('prefers flags to environment, environment to file, file to profile', () => {
    const path = file(
      'layers.yaml',
      'profile: quick\nusers: 11\nhours: 1\nseed: 3\nnetwork: {durationSeconds: {max: 6}}\n',
    );
    const env = { ENCORE_USERS: '12', ENCORE_HOURS: '2', ENCORE_KILL_INTERVAL: '' };
    const { config } = run(['--config', path, '--hours', '3'], env);
    assert.deepEqual([config.profile, config.hours, config.users, config.seed], ['quick', 3, 12, 3]);
    assert.equal(config.killIntervalMinutes, 15, 'an empty variable is unset');
    assert.deepEqual(config.network.durationSeconds, { min: 5, max: 6 }, 'a file may set a part');
  });

  it('reads the settings file from --config, else from ENCORE_CONFIG', () => {
    const [path, other] = [file('env.yaml', 'profile: smoke\nusers: 11\n'), file('flag.yaml', 'users: 12\n')];
    assert.deepEqual([run([], { ENCORE_CONFIG: path }).config.users], [11]);
    assert.equal(run(['--config', other], { ENCORE_CONFIG: path }).config.users, 12);
    assert.equal(run([], { ENCORE_CONFIG: '' }).config.profile, 'full');
    assert.deepEqual(problems([], { ENCORE_CONFIG: './no.yaml' }), ['ENCORE_CONFIG: ./no.yaml: no such file']);
    const inContainer = problems([], { ENCORE_CONFIG: '/home/me/no.yaml', ENCORE_CHECKOUT: '/checkout' });
    assert.match(
      inContainer[0] ?? '',
      /no such file\. With Docker, the file must be in the checkout; use its path relative to the checkout/,
    );
  });

  it('accepts JSON and fractions', () => {
    const path = file(
      'settings.json',
      '{"$schema": "x", "profile": "smoke", "thresholds": {"success_rate": "value>=0.99"}}',
    );
    const { config } = run(['--config', path, '--kill-interval', '0.5', '--no-monitor']);
    assert.equal(config.thresholds['success_rate'], 'value>=0.99');
    assert.equal(config.killIntervalMinutes, 0.5);
    assert.equal(config.monitor, false);
  });

  it('reports all problems of flags together', () => {
    const found = problems(['--users', '-3', '--hours', 'abc', '--bogus', '1', '--config', '/no/such/file.yaml']);
    for (const name of ['--users:', '--hours:', '--bogus.', '/no/such/file.yaml'])
      assert.equal(found.filter((problem) => problem.includes(name)).length, 1, `${name} in ${found.join('\n')}`);
    assert.equal(found.length, 4);
    assert.match(found.find((problem) => problem.startsWith('--hours')) ?? '', /"abc".*hours/);
  });

  it('rejects unit suffixes', () => {
    const found = problems(['--recovery-timeout', '60s', '--kill-interval', '1e3'], { ENCORE_HOURS: '4h' });
    assert.deepEqual(found.map((problem) => problem.split(':')[0]).sort(), [
      '--kill-interval',
      '--recovery-timeout',
      'ENCORE_HOURS',
    ]);
    assert.match(
      problems(['--hours', '1e-9'])[0] ?? '',
      /"1e-9" is not valid; expected plain digits for the length in hours/,
    );
  });

  it('reports an invalid environment value even when a flag overrides it', () => {
    assert.equal(problems(['--users', '3'], { ENCORE_USERS: 'many' }).length, 1);
  });

  it('reports a variable that looks like a setting', () => {
    assert.equal(problems([], { ENCORE_USER: '5' }).length, 1);
    assert.deepEqual(problems([], { ENCORE_DRY_RUN: '1' }), ['unknown variable ENCORE_DRY_RUN; use --dry-run']);
    assert.equal(problems(['check'], { ENCORE_USER: '5' }).length, 1);
    assert.equal(run([], { ENCORE_CHAOS_URL: 'http://x', ENCORE_RADIO: '5' }).config.users, 100);
  });

  it('rejects a run without a steady phase, and an infeasible plan', () => {
    assert.match(problems(['--hours', '0.05'])[0] ?? '', /hours/);
    assert.match(problems(['--hours', '0.001', '--profile', 'quick'])[0] ?? '', /hours/);
    const lost = file(
      'lost.yaml',
      'profile: smoke\nschedule: [{name: x, target: server:8000, when: {atSeconds: [20]}, faults: [{kind: timeout, durationSeconds: {min: 60, max: 60}}]}]',
    );
    assert.match(problems(['--config', lost])[0] ?? '', /estimated best success rate/);
  });

  it('names the settings that an infeasible default schedule results from', () => {
    const last = problems(['--profile', 'smoke', '--kill-interval', '0.2']).at(-1);
    assert.equal(
      last,
      'this schedule results from --profile smoke, --hours 0.05 and --kill-interval 0.2; change one of them',
    );
  });

  it('rejects an invalid page address', () => {
    for (const url of ['foo', 'localhost:8080', 'ftp://localhost'])
      assert.deepEqual(problems(['monitor', '--url', url]), [
        `--url: "${url}" is not valid; expected the address of the live page, such as http://127.0.0.1:8080`,
      ]);
  });

  it('rejects an invalid port for every command', () => {
    for (const argv of [['monitor'], ['check'], ['--profile', 'smoke'], ['revert']])
      for (const port of ['high', '0', '65536', '80.5', '-1'])
        assert.deepEqual(
          problems(argv, { ENCORE_PORT_SERVER: port, ENCORE_PORT_PAGE: '8180', ENCORE_PORT_GRAFANA: '' }),
          [`ENCORE_PORT_SERVER: "${port}" is not valid; expected a port from 1 to 65535`],
        );
  });

  it('uses the published port as the default page address', () => {
    const urlOf = (env: NodeJS.ProcessEnv, ...more: string[]): unknown => parseCommandLine(['monitor', ...more], env);
    assert.deepEqual(urlOf({}), { name: 'monitor', url: 'http://127.0.0.1:8080' });
    assert.deepEqual(urlOf({ ENCORE_PORT_PAGE: '8180' }), { name: 'monitor', url: 'http://127.0.0.1:8180' });
    const url = 'http://localhost:1234';
    assert.deepEqual(urlOf({ ENCORE_PORT_PAGE: '8180' }, '--url', url), { name: 'monitor', url });
  });

  it('allows an infeasible plan for a control run', () => {
    const { config, plan } = run(['--profile', 'smoke', '--control', 'server-down']);
    assert.equal(config.allowInfeasiblePlan, true);
    assert.equal(plan.faults.length, 1);
    assert.ok(run(['--profile', 'smoke', '--control', 'noop-faults']).plan.faults.every(({ noop }) => noop === true));
  });

  it('parses the other commands', () => {
    const parse = (...argv: string[]): Command | { name: 'refused' } => parseCommandLine(argv, {}, () => 1);
    assert.deepEqual(parse('verify', 'a/b'), { name: 'verify', folder: 'a/b' });
    assert.deepEqual(parse('report', 'a/b'), { name: 'report', folder: 'a/b' });
    assert.deepEqual(parse('revert'), { name: 'revert' });
    assert.equal(parse('run', '--profile', 'smoke').name, 'run');
    assert.equal(parse('check').name, 'check');
    assert.equal(parse('verify').name, 'refused');
    for (const args of [['--help'], ['help'], ['help', 'verify'], ['verify', '--help']])
      assert.equal(parse(...args).name, 'print', args.join(' '));
    for (const args of [
      ['help', 'verify'],
      ['verify', '--help'],
      ['-h', 'verify', 'some-folder'],
    ]) {
      const ofVerify = parse(...args);
      assert.ok(ofVerify.name === 'print' && /Usage: encore verify .*<folder>/.test(ofVerify.text), args.join(' '));
    }
    const optionsIn = (name: string): string[] => {
      const help = parse(name, '--help');
      return help.name === 'print'
        ? [...help.text.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, one = '']) => one)
        : [];
    };
    assert.deepEqual(optionsIn('revert'), ['--help']);
    assert.deepEqual(optionsIn('compose'), ['--show-secrets', '--output', '--help']);
    assert.deepEqual(optionsIn('run').slice(-5), [...['--dry-run', '--keep', '--no-dashboards', '--replay', '--help']]);
    assert.ok(optionsIn('replay').includes('--users') && !optionsIn('replay').includes('--hours'));
    assert.match(problems(['nonsense', '--help'])[0] ?? '', /^unknown command nonsense\./);
    const help = parse('--help');
    assert.ok(help.name === 'print' && help.text.includes('Examples:') && help.text.includes('--kill-interval'));
    assert.equal(parse('--version').name, 'print');
  });

  it('plans for the system of ENCORE_SYSTEM_FILE, and lists its mistakes', () => {
    const path = file('system.json', JSON.stringify(renamedSystem));
    const { plan, system } = run(['--profile', 'smoke'], { ENCORE_SYSTEM_FILE: path });
    assert.deepEqual(system, renamedSystem);
    assert.deepEqual([...new Set(plan.faults.map(({ target }) => target))].sort(), ['alpha', 'alpha:8000']);
    const wrong = file('wrong.json', JSON.stringify({ ...renamedSystem, entry: 'alpha', recoveryOf: 'delta' }));
    const found = problems(['--profile', 'smoke'], { ENCORE_SYSTEM_FILE: wrong });
    // All of the file is on line 1.
    assert.deepEqual(
      found.map((problem) => problem.replace(/:1:\d+: /, ': ')),
      [
        `${wrong}: entry: "alpha" is not valid; expected the name of a proxy, as service:port`,
        `${wrong}: recoveryOf: "delta" is not valid; expected one of alpha, beta, gamma`,
      ],
    );
  });

  it('plans only kinds that the system allows', () => {
    const kindsOf = (allowedKinds: string[]) => {
      const alpha = { ...renamedSystem.containers['alpha'], allowedKinds };
      const system = { ...renamedSystem, containers: { ...renamedSystem.containers, alpha } };
      const path = file('system.json', JSON.stringify(system));
      const { plan } = run(['--profile', 'smoke', '--seed', '7'], { ENCORE_SYSTEM_FILE: path });
      return plan.faults.filter(({ target }) => target === 'alpha').map(({ kind }) => kind);
    };
    assert.deepEqual([...new Set(kindsOf(['outage']))], ['outage']);
    assert.deepEqual(kindsOf(['freeze']), [], 'not in the default schedule');
  });

  it('replays a stored plan unchanged, and rejects an edited one', () => {
    const { plan } = run(['--profile', 'smoke', '--seed', '7']);
    const path = file('plan.json', JSON.stringify(plan));
    file('config.json', JSON.stringify({ profile: 'smoke', users: 9 }));
    const report = `${folder()}.json`;
    writeFileSync(report, '{}');
    for (const args of [
      ['replay', path],
      ['--replay', path],
      ['replay', folder()],
      ['replay', report],
    ]) {
      const replayed = parseCommandLine(args, {});
      assert.ok(replayed.name === 'run', JSON.stringify(replayed));
      assert.deepEqual(replayed.plan, plan);
      assert.equal(replayed.config.users, 9);
      assert.equal(replayed.config.seed, 7);
    }
    assert.equal(run(['replay', path, '--users', '3', '--dry-run']).config.users, 3);
    const ENCORE_SYSTEM_FILE = file('other.json', JSON.stringify(renamedSystem));
    assert.deepEqual(problems(['replay', path], { ENCORE_SYSTEM_FILE }), [
      `${path}: the plan is for another system, with other targets or allowed kinds; make a new plan with "encore run"`,
    ]);
    file('config.json', '{ "profile": ');
    assert.match(
      problems(['replay', path]).join(),
      /no readable config\.json next to the plan.* --profile or --config$/,
    );
    assert.equal(run(['replay', path, '--profile', 'smoke']).config.users, 20);
    file('config.json', JSON.stringify({ profile: 'smoke', users: 9 }));
    for (const args of [
      ['replay', path],
      ['--replay', path],
    ])
      assert.deepEqual(problems([...args, '--seed', '9', '--control', 'noop-faults']), [
        '--seed: the stored plan determines this setting; remove the setting, or make a new plan with "encore run"',
        '--control: the stored plan determines this setting; remove the setting, or make a new plan with "encore run"',
      ]);
    const settings = file('replayed.yaml', 'users: 3\nschedule: []\n');
    const fixed = 'the stored plan determines this setting; remove the setting, or make a new plan with "encore run"';
    assert.deepEqual(problems(['replay', path, '--config', settings], { ENCORE_HOURS: '3', ENCORE_USERS: '4' }), [
      `ENCORE_HOURS: ${fixed}`,
      `${settings}: schedule: ${fixed}`,
    ]);
    assert.match(
      problems(['replay', file('edited.json', JSON.stringify({ ...plan, seed: 8 }))])[0] ?? '',
      /was edited/,
    );
    assert.match(
      problems(['replay', file('old.json', JSON.stringify({ ...plan, version: 1 }))])[0] ?? '',
      /old\.json: the run's files have format 1, and this version of Encore reads format 4 only/,
    );
    const bare = mkdtempSync(join(folder(), 'bare-'));
    assert.deepEqual(problems(['replay', bare]), [
      `${bare}: not the folder of a run: it contains no plan.json; pass the folder next to a report`,
    ]);
    assert.match(
      problems(['replay', file('truncated.json', '{"seed":')])[0] ?? '',
      /truncated\.json: not a plan \(Unexpected end/,
    );
    rmSync(report);
    assert.deepEqual(problems(['replay', report]), [
      `${report}: no such file or folder; pass a plan.json, or the folder or report of a run`,
    ]);
    assert.match(
      problems(['replay', file('other.json', '{}')])[0] ?? '',
      /not a plan \(.*\); expected a plan\.json or the folder of a run$/,
    );
  });
});
