import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { problems } from '../testing/parsed-command.ts';

describe('arguments of the command line', () => {
  it('suggests a command for an unknown one, and lists all commands', () => {
    const [unknown = '', ...more] = problems(['frobnicate']);
    assert.match(unknown, /^unknown command frobnicate\. Commands: run, .*scenarios\. See --help$/);
    assert.deepEqual(more, []);
    for (const [word, meant] of [
      ['verfy', 'verify'],
      ['smok', '--profile smoke'],
      ['scenarios/custom.yaml', '--config scenarios/custom.yaml'],
    ])
      assert.match(problems([word ?? ''])[0] ?? '', new RegExp(`Did you mean ${meant}\\? Commands: `));
    assert.match(problems(['help', 'frobnicate'])[0] ?? '', /^unknown command frobnicate\./);
  });

  it('reports surplus and missing arguments and values', () => {
    assert.deepEqual(problems(['run', 'smoke']), [
      'unexpected argument smoke: "encore run" takes none. Did you mean --profile smoke?',
    ]);
    assert.deepEqual(problems(['verify', 'a', 'b']), ['unexpected argument b: "encore verify" takes only one.']);
    assert.deepEqual(problems(['verify']), ['verify: argument missing; write "encore verify <folder>"']);
    for (const name of ['verify', 'report', 'replay'])
      assert.deepEqual(problems([name, '']), [`${name}: the argument is empty`]);
    for (const argv of [['--config', '--dry-run'], ['--config', ''], ['--config=']])
      assert.deepEqual(problems(argv), ['--config: value missing; write --config <file>']);
    assert.deepEqual(problems(['--dry-run=yes']), ['--dry-run: takes no value; remove =yes']);
    assert.deepEqual(problems(['--users', '3', '--users=4']), ['--users: given twice; keep one']);
  });

  it('rejects an option that the command ignores, and names the commands that accept it', () => {
    assert.deepEqual(problems(['verify', 'a', '--hours', '3', '--no-monitor']), [
      '--hours: not an option of "encore verify"; it is an option of "encore run", "encore replay", "encore check"',
      '--no-monitor: not an option of "encore verify"; it is an option of "encore run", "encore replay"',
    ]);
    assert.deepEqual(problems(['verify', '--url', 'x']), [
      'verify: argument missing; write "encore verify <folder>"',
      '--url: not an option of "encore verify"; it is an option of "encore monitor"',
    ]);
    assert.deepEqual(problems(['--url', 'http://127.0.0.1:8080', '--profile', 'smoke']), [
      '--url: not an option of "encore run"; it is an option of "encore monitor"',
    ]);
    for (const argv of [
      ['monitor', '--profile', 'smoke'],
      ['revert', '--seed', '7'],
      ['report', '--config', 'some.yaml'],
      ['check', '--dry-run'],
      ['check', '--no-monitor'],
      ['faults', '--users', '3'],
    ])
      assert.match(problems(argv).join('\n'), /^--[a-z-]+: not an option of "encore [a-z]+"; it is an option of .*$/);
  });

  it('suggests an option, and skips the next argument only if that option takes a value', () => {
    assert.deepEqual(problems(['--user', '5', 'check']), ['unknown option --user. Did you mean --users? See --help']);
    assert.deepEqual(
      problems(['--dryrun', 'frobnicate']).map((problem) => problem.split('.')[0]),
      ['unknown command frobnicate', 'unknown option --dryrun'],
    );
    assert.deepEqual(problems(['-x']), ['unknown option -x. See --help']);
  });
});
