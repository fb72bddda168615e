import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Command, parseCommandLine } from './command-line.ts';

type Run = Extract<Command, { name: 'run' }>;

function run(argv: string[], env: NodeJS.ProcessEnv = {}): Run {
  const command = parseCommandLine(argv, env, () => 42);
  assert.equal(command.name, 'run', JSON.stringify(command).slice(0, 500));
  return command as Run;
}

function problems(argv: string[], env: NodeJS.ProcessEnv = {}): string[] {
  const command = parseCommandLine(argv, env);
  assert.equal(command.name, 'refused');
  return command.name === 'refused' ? command.problems : [];
}

describe('command line', () => {
  let folder = '';
  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-command-line-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('runs the full profile when nothing is said, with a drawn seed', () => {
    const { config, plan } = run([]);
    assert.deepEqual(
      [config.profile, config.hours, config.users, config.killIntervalMinutes, config.recoveryTimeoutSeconds],
      ['full', 24, 100, 60, 60],
    );
    assert.equal(config.seed, 42);
    assert.equal(plan.seed, 42);
    assert.ok(plan.faults.filter(({ kind }) => kind === 'crash' || kind === 'outage').length >= 22);
  });

  it('puts flags over environment over file over profile', () => {
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

  it('takes the settings file from ENCORE_CONFIG, and --config before that', () => {
    const [path, other] = [file('env.yaml', 'profile: smoke\nusers: 11\n'), file('flag.yaml', 'users: 12\n')];
    assert.deepEqual([run([], { ENCORE_CONFIG: path }).config.users], [11]);
    assert.equal(run(['--config', other], { ENCORE_CONFIG: path }).config.users, 12);
    assert.equal(run([], { ENCORE_CONFIG: '' }).config.profile, 'full');
    assert.deepEqual(problems([], { ENCORE_CONFIG: './no.yaml' }), ['ENCORE_CONFIG: ./no.yaml: there is no such file']);
    const inContainer = problems([], { ENCORE_CONFIG: '/home/me/no.yaml', ENCORE_CHECKOUT: '/checkout' });
    assert.match(inContainer[0] ?? '', /no such file\. With Docker, the file must be in the checkout and is named by/);
  });

  it('takes JSON too, and fractions', () => {
    const path = file(
      'settings.json',
      '{"$schema": "x", "profile": "smoke", "thresholds": {"success_rate": "value>=0.99"}}',
    );
    const { config } = run(['--config', path, '--kill-interval', '0.5', '--no-monitor']);
    assert.equal(config.thresholds['success_rate'], 'value>=0.99');
    assert.equal(config.killIntervalMinutes, 0.5);
    assert.equal(config.monitor, false);
  });

  it('tells all problems of flags together', () => {
    const found = problems(['--users', '-3', '--hours', 'abc', '--bogus', '1', '--config', '/no/such/file.yaml']);
    for (const name of ['--users:', '--hours:', '--bogus:', '/no/such/file.yaml'])
      assert.equal(found.filter((problem) => problem.includes(name)).length, 1, `${name} in ${found.join('\n')}`);
    assert.equal(found.length, 4);
    assert.match(found.find((problem) => problem.startsWith('--hours')) ?? '', /"abc".*hours/);
  });

  it('understands no units, so it accepts none', () => {
    const found = problems(['--recovery-timeout', '60s', '--kill-interval', '1e3'], { ENCORE_HOURS: '4h' });
    assert.deepEqual(found.map((problem) => problem.split(':')[0]).sort(), [
      '--kill-interval',
      '--recovery-timeout',
      'ENCORE_HOURS',
    ]);
    assert.match(
      problems(['--hours', '1e-9'])[0] ?? '',
      /"1e-9" is not valid; give in plain digits the length in hours/,
    );
  });

  it('tells a bad value of the environment even when a flag covers it', () => {
    assert.equal(problems(['--users', '3'], { ENCORE_USERS: 'many' }).length, 1);
  });

  it('does not pass over a variable that looks like a setting', () => {
    assert.equal(problems([], { ENCORE_USER: '5' }).length, 1);
    assert.deepEqual(problems([], { ENCORE_DRY_RUN: '1' }), [
      'ENCORE_DRY_RUN: there is no such variable; give --dry-run',
    ]);
    assert.equal(problems(['check'], { ENCORE_USER: '5' }).length, 1);
    assert.equal(run([], { ENCORE_CHAOS_URL: 'http://x', ENCORE_RADIO: '5' }).config.users, 100);
  });

  it('names the file of a problem as it was given, beside the problems of the flags', () => {
    const path = file('bad.yaml', 'colour: red\nprofile: smok\n');
    const found = problems(['--config', path, '--profile', 'ful']);
    assert.deepEqual(
      found.map((problem) => problem.split('. ')[0]),
      ['--profile: "ful" is not valid', `${path}: profile: "smok" is not valid`, `${path}: colour: unknown setting`],
    );
  });

  it('refuses a file that is not what its name says', () => {
    assert.match(problems(['--config', file('broken.json', '{"hours": }')])[0] ?? '', /is not JSON/);
    assert.match(problems(['--config', file('broken.yaml', 'a: [1')])[0] ?? '', /is not YAML/);
    assert.match(problems(['--config', file('list.yaml', '- 1')])[0] ?? '', /settings by name/);
  });

  it('refuses a file that sets nothing, sets a thing twice, or is no file, in plain words', () => {
    const nothing = 'sets nothing; leave it out, or write settings by name, such as "hours: 4"';
    const notUtf8 = 'is not text in UTF-8; if it is UTF-16, save it as UTF-8';
    for (const [name, text, problem] of [
      ['empty.yaml', '', nothing],
      ['comment.yaml', '# hours: 4\n', nothing],
      ['null.json', 'null', nothing],
      ['twice.json', '{"users": 3,\n\t"users": 4}', 'names a setting twice, at line 2, column 2; keep one of the two'],
      [
        'twice.yaml',
        'load: {probesPerSecond: 1}\nload: {}\n',
        'names a setting twice, at line 2, column 1; keep one of the two',
      ],
      [
        'deep.json',
        '{"load": {"mix": {"heavy": 1, "heavy": 2}}}',
        'names a setting twice, at line 1, column 31; keep one of the two',
      ],
      ['several.yaml', 'users: 3\n---\nusers: 4\n', 'holds several documents, parted by "---"; keep one'],
      ['proto.json', '{"__proto__": {"users": 5}}', '__proto__: unknown setting'],
      ['proto.yaml', 'schedule: [{__proto__: {name: x}}]\n', '__proto__: unknown setting'],
      ['tag.yaml', 'users: !!foo 3\n', 'is not YAML, at line 1, column 8: Unresolved tag: tag:yaml.org,2002:foo'],
      ['bom.json', '\uFEFFnull', nothing],
      ['deep.yaml', `a: ${'['.repeat(30)}${']'.repeat(30)}\n`, 'is nested too deeply for settings'],
      ['very-deep.yaml', `a: ${'['.repeat(20_000)}`, 'is nested too deeply for settings'],
      ['very-deep.json', `{"a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'is nested too deeply for settings'],
      ['utf16.yaml', Buffer.from('\uFEFFprofile: smoke\n', 'utf16le'), notUtf8],
      ['utf16.json', Buffer.from('{"profile": "smoke"}', 'utf16le'), notUtf8],
      ['itself.yaml', 'schedule: &s [*s]\n', 'is nested too deeply for settings'],
      ['tab.yaml', '\tusers: 3\n', 'is not YAML, at line 1, column 1: Tabs are not allowed as indentation'],
    ] as const) {
      const path = file(name, text);
      assert.deepEqual(problems(['--config', path]), [`--config: ${path}: ${problem}`]);
    }
    assert.deepEqual(problems(['--config', folder]), [`--config: ${folder}: is a folder; name a file in it`]);
    // As a pipe, it is read by the first who asks, and then it is empty.
    assert.deepEqual(problems(['--config', '/dev/null']), [
      '--config: /dev/null: is not a file; write the settings into one',
    ]);
  });

  it('refuses a run without steady time, and a plan that nobody could win', () => {
    assert.match(problems(['--hours', '0.05'])[0] ?? '', /hours/);
    assert.match(problems(['--hours', '0.001', '--profile', 'quick'])[0] ?? '', /hours/);
    const lost = file(
      'lost.yaml',
      'profile: smoke\nschedule: [{name: x, target: client-link, when: {atSeconds: [20]}, faults: [{kind: timeout, durationSeconds: {min: 60, max: 60}}]}]',
    );
    assert.match(problems(['--config', lost])[0] ?? '', /perfect server/);
  });

  it('says which flags made a schedule that cannot be, to those who wrote none', () => {
    const last = problems(['--profile', 'smoke', '--kill-interval', '0.2']).at(-1);
    assert.equal(
      last,
      'this schedule follows from --profile smoke, --hours 0.05 and --kill-interval 0.2: change one of them',
    );
  });

  it('refuses an address of a page that is none', () => {
    for (const url of ['foo', 'localhost:8080', 'ftp://localhost'])
      assert.deepEqual(problems(['monitor', '--url', url]), [
        `--url: "${url}" is not valid; give the address of the lab's page, such as http://127.0.0.1:8080`,
      ]);
  });

  it('refuses a port that is none, whatever is asked for', () => {
    for (const argv of [['monitor'], ['check'], ['--profile', 'smoke'], ['heal']])
      for (const port of ['high', '0', '65536', '80.5', '-1'])
        assert.deepEqual(
          problems(argv, { ENCORE_PORT_SERVER: port, ENCORE_PORT_PAGE: '8180', ENCORE_PORT_GRAFANA: '' }),
          [`ENCORE_PORT_SERVER: "${port}" is not valid; give a port, from 1 to 65535`],
        );
  });

  it('looks for the page where the lab publishes it', () => {
    const urlOf = (env: NodeJS.ProcessEnv, ...more: string[]): unknown => parseCommandLine(['monitor', ...more], env);
    assert.deepEqual(urlOf({}), { name: 'monitor', url: 'http://127.0.0.1:8080' });
    assert.deepEqual(urlOf({ ENCORE_PORT_PAGE: '8180' }), { name: 'monitor', url: 'http://127.0.0.1:8180' });
    const url = 'http://localhost:1234';
    assert.deepEqual(urlOf({ ENCORE_PORT_PAGE: '8180' }, '--url', url), { name: 'monitor', url });
  });

  it('lets a control be unwinnable', () => {
    const { config, plan } = run(['--profile', 'smoke', '--control', 'server-down']);
    assert.equal(config.unwinnable, true);
    assert.equal(plan.faults.length, 1);
    assert.ok(run(['--profile', 'smoke', '--control', 'no-bite']).plan.faults.every(({ inert }) => inert === true));
  });

  it('knows its other commands', () => {
    const parse = (...argv: string[]): Command | { name: 'refused' } => parseCommandLine(argv, {}, () => 1);
    assert.deepEqual(parse('verify', 'a/b'), { name: 'verify', folder: 'a/b' });
    assert.deepEqual(parse('report', 'a/b'), { name: 'report', folder: 'a/b' });
    assert.deepEqual(parse('heal'), { name: 'heal' });
    assert.equal(parse('run', '--profile', 'smoke').name, 'run');
    assert.equal(parse('check').name, 'check');
    assert.equal(parse('verify').name, 'refused');
    for (const words of [['--help'], ['help'], ['help', 'verify'], ['verify', '--help']])
      assert.equal(parse(...words).name, 'print', words.join(' '));
    for (const words of [
      ['help', 'verify'],
      ['verify', '--help'],
      ['-h', 'verify', 'some-folder'],
    ]) {
      const ofVerify = parse(...words);
      assert.ok(ofVerify.name === 'print' && /Usage: encore verify .*<folder>/.test(ofVerify.text), words.join(' '));
    }
    const ofReplay = parse('replay', '--help');
    assert.ok(ofReplay.name === 'print' && ofReplay.text.includes('\nTakes --profile, --users, '), ofReplay.name);
    assert.match(problems(['nonsense', '--help'])[0] ?? '', /^nonsense: there is no such command/);
    const help = parse('--help');
    assert.ok(help.name === 'print' && help.text.includes('Examples:') && help.text.includes('--kill-interval'));
    assert.equal(parse('--version').name, 'print');
  });

  it('names an unknown command and what was probably meant, and lists the commands', () => {
    const [unknown = '', ...more] = problems(['frobnicate']);
    assert.match(unknown, /^frobnicate: there is no such command\. The commands are run, .*scenarios; see --help$/);
    assert.deepEqual(more, []);
    for (const [word, meant] of [
      ['verfy', 'verify'],
      ['smok', '--profile smoke'],
      ['scenarios/custom.yaml', '--config scenarios/custom.yaml'],
    ])
      assert.match(problems([word ?? ''])[0] ?? '', new RegExp(`Did you mean ${meant}\\? The commands`));
    assert.match(problems(['help', 'frobnicate'])[0] ?? '', /^frobnicate: there is no such command/);
  });

  it('says what is too much or missing after a command or an option', () => {
    assert.deepEqual(problems(['run', 'smoke']), [
      'smoke: "encore run" takes no argument. Did you mean --profile smoke?',
    ]);
    assert.deepEqual(problems(['verify', 'a', 'b']), ['b: "encore verify" takes one argument only.']);
    assert.deepEqual(problems(['verify']), ['verify: say which, as in "encore verify <folder>"']);
    for (const name of ['verify', 'report', 'replay'])
      assert.deepEqual(problems([name, '']), [`${name}: its argument is empty`]);
    for (const argv of [['--config', '--dry-run'], ['--config', ''], ['--config=']])
      assert.deepEqual(problems(argv), ['--config: its value is missing; give --config <file>']);
    assert.deepEqual(problems(['--dry-run=yes']), ['--dry-run: takes no value; leave out =yes']);
    assert.deepEqual(problems(['--users', '3', '--users=4']), ['--users: is given twice; keep one']);
  });

  it('refuses an option that the command would pass over, and says whose it is', () => {
    assert.deepEqual(problems(['verify', 'a', '--hours', '3', '--no-monitor']), [
      '--hours: "encore verify" does not take it; it is for "encore run", "encore replay", "encore check"',
      '--no-monitor: "encore verify" does not take it; it is for "encore run", "encore replay", "encore check"',
    ]);
    assert.deepEqual(problems(['verify', '--url', 'x']), [
      'verify: say which, as in "encore verify <folder>"',
      '--url: "encore verify" does not take it; it is for "encore monitor"',
    ]);
    assert.deepEqual(problems(['--url', 'http://127.0.0.1:8080', '--profile', 'smoke']), [
      '--url: "encore run" does not take it; it is for "encore monitor"',
    ]);
    for (const argv of [
      ['monitor', '--profile', 'smoke'],
      ['heal', '--seed', '7'],
      ['report', '--config', file('some.yaml', 'users: 3\n')],
      ['check', '--dry-run'],
      ['faults', '--users', '3'],
    ])
      assert.match(problems(argv).join('\n'), /^--[a-z-]+: "encore [a-z]+" does not take it;.*$/);
  });

  it('says which option was probably meant, and takes the next word for its value only if that has one', () => {
    assert.deepEqual(problems(['--user', '5', 'check']), [
      '--user: there is no such option. Did you mean --users? See --help',
    ]);
    assert.deepEqual(
      problems(['--dryrun', 'frobnicate']).map((problem) => problem.split(':')[0]),
      ['frobnicate', '--dryrun'],
    );
    assert.deepEqual(problems(['-x']), ['-x: there is no such option. See --help']);
  });

  it('replays a stored plan as it is, and refuses one that was changed', () => {
    const { plan } = run(['--profile', 'smoke', '--seed', '7']);
    const path = file('plan.json', JSON.stringify(plan));
    file('config.json', JSON.stringify({ profile: 'smoke', users: 9 }));
    const report = `${folder}.json`;
    writeFileSync(report, '{}');
    for (const words of [
      ['replay', path],
      ['--replay', path],
      ['replay', folder],
      ['replay', report],
    ]) {
      const replayed = parseCommandLine(words, {});
      assert.ok(replayed.name === 'run', JSON.stringify(replayed));
      assert.deepEqual(replayed.plan, plan);
      assert.equal(replayed.config.users, 9);
      assert.equal(replayed.config.seed, 7);
    }
    assert.equal(run(['replay', path, '--users', '3', '--dry-run']).config.users, 3);
    file('config.json', '{ "profile": ');
    assert.match(problems(['replay', path]).join(), /has no readable config\.json beside it.* --profile or --config$/);
    assert.equal(run(['replay', path, '--profile', 'smoke']).config.users, 20);
    file('config.json', JSON.stringify({ profile: 'smoke', users: 9 }));
    for (const words of [
      ['replay', path],
      ['--replay', path],
    ])
      assert.deepEqual(problems([...words, '--seed', '9', '--control', 'no-bite']), [
        '--seed: a stored plan decides this; leave it out, or plan anew with "encore run"',
        '--control: a stored plan decides this; leave it out, or plan anew with "encore run"',
      ]);
    const settings = file('replayed.yaml', 'users: 3\nschedule: []\n');
    const decided = 'a stored plan decides this; leave it out, or plan anew with "encore run"';
    assert.deepEqual(problems(['replay', path, '--config', settings], { ENCORE_HOURS: '3', ENCORE_USERS: '4' }), [
      `ENCORE_HOURS: ${decided}`,
      `${settings}: schedule: ${decided}`,
    ]);
    assert.match(problems(['replay', file('changed.json', JSON.stringify({ ...plan, seed: 8 }))])[0] ?? '', /changed/);
    const bare = mkdtempSync(join(folder, 'bare-'));
    assert.deepEqual(problems(['replay', bare]), [
      `${bare}: is not the folder of a run: there is no plan.json in it; give the folder beside a report`,
    ]);
    assert.match(
      problems(['replay', file('torn.json', '{"seed":')])[0] ?? '',
      /torn\.json: is not a plan: Unexpected end/,
    );
    rmSync(report);
    assert.deepEqual(problems(['replay', report]), [`${report}: there is no such file or folder`]);
    assert.match(
      problems(['replay', file('other.json', '{}')])[0] ?? '',
      /is not a plan \(.*\); give a plan\.json or the folder of a run$/,
    );
  });
});
