import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { problems, run, testFiles } from '../testing/parsed-command.ts';

describe('settings file', () => {
  const { folder, file } = testFiles();

  it('reports problems of file and flags together, with the file as named', () => {
    const path = file('bad.yaml', 'colour: red\nprofile: smok\n');
    const found = problems(['--config', path, '--profile', 'ful']);
    assert.deepEqual(
      found.map((problem) => problem.split('. ')[0]),
      [
        '--profile: "ful" is not valid',
        `${path}:2:1: profile: "smok" is not valid`,
        `${path}:1:1: colour: unknown setting`,
      ],
    );
  });

  it('rejects a file whose content does not match its extension', () => {
    assert.match(problems(['--config', file('broken.json', '{"hours": }')])[0] ?? '', /invalid JSON/);
    assert.match(problems(['--config', file('broken.yaml', 'a: [1')])[0] ?? '', /invalid YAML/);
    assert.match(problems(['--config', file('list.yaml', '- 1')])[0] ?? '', /named settings/);
  });

  it('rejects files that are empty, unsafe, duplicate a setting, or are not files', () => {
    const nothing = 'sets nothing; remove it, or write named settings, such as "hours: 4"';
    const notUtf8 = 'not UTF-8 text; save it as UTF-8';
    const tooDeep = 'nested more than 20 levels deep; no setting needs that';
    const tooManyAliases = 'uses an anchor more than 100 times; write its value out where it is needed';
    for (const [name, text, problem] of [
      ['empty.yaml', '', nothing],
      ['comment.yaml', '# hours: 4\n', nothing],
      ['null.json', 'null', nothing],
      ['twice.json', '{"users": 3,\n\t"users": 4}', 'names a setting twice at line 2, column 2; keep one of the two'],
      [
        'twice.yaml',
        'load: {probesPerSecond: 1}\nload: {}\n',
        'names a setting twice at line 2, column 1; keep one of the two',
      ],
      [
        'deep.json',
        '{"load": {"mix": {"heavy": 1, "heavy": 2}}}',
        'names a setting twice at line 1, column 31; keep one of the two',
      ],
      ['several.yaml', 'users: 3\n---\nusers: 4\n', 'contains several documents separated by "---"; keep one'],
      ['proto.json', '{"__proto__": {"users": 5}}', '__proto__: unknown setting'],
      ['proto.yaml', 'schedule: [{__proto__: {name: x}}]\n', '__proto__: unknown setting'],
      ['tag.yaml', 'users: !!foo 3\n', 'invalid YAML at line 1, column 8: Unresolved tag: tag:yaml.org,2002:foo'],
      ['bom.json', '\uFEFFnull', nothing],
      ['deep.yaml', `a: ${'['.repeat(30)}${']'.repeat(30)}\n`, tooDeep],
      ['very-deep.yaml', `a: ${'['.repeat(20_000)}`, tooDeep],
      ['very-deep.json', `{"a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, tooDeep],
      ['utf16.yaml', Buffer.from('\uFEFFprofile: smoke\n', 'utf16le'), notUtf8],
      ['utf16.json', Buffer.from('{"profile": "smoke"}', 'utf16le'), notUtf8],
      ['latin1.yaml', Buffer.from('profile: smoke # été\n', 'latin1'), notUtf8],
      ['itself.yaml', 'schedule: &s [*s]\n', tooDeep],
      ['bomb.yaml', `a: &a [1]\nb: &b [${'*a, '.repeat(20)}]\nc: [${'*b, '.repeat(20)}]\n`, tooManyAliases],
      ['tab.yaml', '\tusers: 3\n', 'invalid YAML at line 1, column 1: Tabs are not allowed as indentation'],
    ] as const) {
      const path = file(name, text);
      assert.deepEqual(problems(['--config', path]), [`--config: ${path}: ${problem}`]);
    }
    assert.deepEqual(problems(['--config', folder()]), [`--config: ${folder()}: is a folder; name a file in it`]);
    // Like a pipe, it can be read only once.
    assert.deepEqual(problems(['--config', '/dev/null']), [
      '--config: /dev/null: not a regular file; save its content in one',
    ]);
  });

  it('accepts an anchor that twenty schedule rules use', () => {
    const rule = (n: number) =>
      `{name: r${n}, target: server, when: {atSeconds: [${n * 300}]}, faults: [{kind: freeze, durationSeconds: *d}]}`;
    const rules = Array.from({ length: 20 }, (_, n) => rule(n))
      .join(', ')
      .replace('*d', '&d {min: 3, max: 3}');
    const { config } = run(['--config', file('anchors.yaml', `hours: 4\nschedule: [${rules}]\n`)]);
    assert.equal(config.schedule?.length, 20);
  });
});
