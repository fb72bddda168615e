import assert from 'node:assert/strict';
import { faultKinds } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { problemsOfFile } from './file-problems.ts';
import { profiles } from './profiles.ts';

const problemsOf = (yaml: string): string[] =>
  problemsOfFile({ ...profiles.smoke, profile: 'smoke', seed: 0, ...parse(yaml) }, bundledSystem);

const rule = (more: string): string => `schedule: [{ name: a, target: server, ${more} }]`;
const crash = 'faults: [{ kind: crash }]';

describe('problemsOfFile', () => {
  it('reports a key of another form and a share above 1, each once', () => {
    assert.deepEqual(problemsOf(rule(`when: { atSeconds: [5], phase: 0.5 }, ${crash}`)), [
      'schedule[0].when.phase: cannot be combined with the settings beside it',
    ]);
    assert.match(problemsOf('abort: { succes_rate: 30 }').join(), /abort.succes_rate.*Did you mean success_rate/);
    assert.match(problemsOf('abort: { success_rate: 30s }').join(), /abort.success_rate: "30s" is not valid/);
    assert.deepEqual(problemsOf('thresholds: { success_rate: "value>=95" }'), [
      'thresholds.success_rate: the limit must be between 0 and 1, not 95. Write 95 % as 0.95',
    ]);
    assert.equal(problemsOf('seed: 1e+30').length, 1);
  });

  it('reports two rules with one name, because reports identify rules by name', () => {
    const at = (second: number) => `{ name: a, target: server, when: { atSeconds: [${second}] }, ${crash} }`;
    assert.deepEqual(problemsOf(`schedule: [${at(5)}, ${at(60)}]`), [
      'schedule[1].name: "a" is not valid: another rule has this name',
    ]);
  });

  it('reports nothing for valid settings', () => {
    assert.deepEqual(problemsOf(`hours: 2\n${rule(`when: { atSeconds: [5] }, ${crash}`)}`), []);
  });

  it('quotes a wrong value and describes valid ones', () => {
    const hours = 'expected the length in hours, above 0 and at most 336, such as 0.05 or 24';
    assert.deepEqual(problemsOf('hours: .nan'), [`hours: NaN is not valid; ${hours}`]);
    for (const value of ['"soon"', '-1', '1000', '[4]'])
      assert.deepEqual(problemsOf(`hours: ${value}`), [`hours: ${value} is not valid; ${hours}`]);
    assert.deepEqual(problemsOf('rampSeconds: -1'), ['rampSeconds: -1 is not valid; expected a number of at least 0']);
    assert.deepEqual(problemsOf('monitor: maybe'), ['monitor: "maybe" is not valid; expected true or false']);
    assert.deepEqual(problemsOf(rule(`when: { everyMinutes: 0 }, ${crash}`)), [
      'schedule[0].when.everyMinutes: 0 is not valid; expected a number above 0',
    ]);
    assert.deepEqual(
      problemsOf(rule(`when: { atSeconds: [5] }, faults: [{ kind: latency, params: { latencyMs: 1.5 } }]`)),
      ['schedule[0].faults[0].params.latencyMs: 1.5 is not valid; expected a whole number from 1 to 1000'],
    );
    assert.deepEqual(problemsOf(rule('when: { atSeconds: [5] }, faults: []')), [
      'schedule[0].faults: [] is not valid; expected a list with at least 1 item',
    ]);
    assert.deepEqual(problemsOf('load: 5'), [
      'load: 5 is not valid; expected named settings: mix, thinkSeconds, parameters, probesPerSecond',
    ]);
    const [nothingToDo] = problemsOf('load: { mix: { create: 0, analyze: 0, modify: 0, export: 0, heavy: 0 } }');
    assert.equal(
      nothingToDo,
      'load.mix: {"create":0,"analyze":0,"modify":0,"export":0,"heavy":0} is not valid: at least one weight must be above 0',
    );
    assert.deepEqual(problemsOf(rule(`when: { betweenSeconds: { min: 5, max: 3 } }, ${crash}`)), [
      'schedule[0].when.betweenSeconds: {"min":5,"max":3} is not valid: min must not be greater than max',
    ]);
    const [long = ''] = problemsOf(`hours: ${'x'.repeat(500)}`);
    assert.ok(long.length < 200, long);
  });

  it('lists allowed values, and suggests the nearest', () => {
    assert.deepEqual(problemsOf(rule('when: { atSeconds: [5] }, faults: [{ kind: crush }]')), [
      `schedule[0].faults[0].kind: "crush" is not valid. Did you mean crash? Expected one of ${faultKinds.join(', ')}`,
    ]);
    assert.deepEqual(problemsOf('control: dead'), [
      'control: "dead" is not valid; expected none, server-down or noop-faults',
    ]);
  });

  it('reports missing keys', () => {
    assert.deepEqual(
      problemsOf(rule('when: { atSeconds: [5] }, faults: [{ kind: latency, durationSeconds: { min: 5 } }]')),
      ['schedule[0].faults[0].durationSeconds.max: is missing; expected a number above 0'],
    );
  });

  it('suggests a name for a typo, a prefix, a flag or a variable, else lists all names', () => {
    for (const [written, meant] of [
      ['user', 'users'],
      ['recovery', 'recoveryTimeoutSeconds'],
      ['kill-interval', 'killIntervalMinutes'],
      ['ENCORE_SEED', 'seed'],
    ])
      assert.deepEqual(problemsOf(`${written}: 4`), [`${written}: unknown setting. Did you mean ${meant}?`]);
    assert.deepEqual(
      problemsOf('network: { often: true }').filter((problem) => problem.includes('often')),
      ['network.often: unknown setting. Known settings: intervalSeconds, durationSeconds'],
    );
  });

  it('reports problems in the chosen form of a rule, else lists the forms', () => {
    assert.deepEqual(problemsOf(rule(`when: { everyMinuts: 5 }, ${crash}`)), [
      'schedule[0].when.everyMinutes: is missing; expected a number above 0',
      'schedule[0].when.everyMinuts: unknown setting. Did you mean everyMinutes?',
    ]);
    for (const value of ['5', '{"atSeconds":[1],"everyMinutes":5}', '{"now":true}']) {
      const [problem = '', ...more] = problemsOf(rule(`when: ${value}, ${crash}`));
      assert.ok(problem.startsWith(`schedule[0].when: ${value} is not valid; expected one of atSeconds (`), problem);
      assert.deepEqual(more, []);
    }
  });

  it('reports unsupported targets and params, and excessive delays, with all other problems', () => {
    const one = (name: string, target: string, fault: string) =>
      `{ name: ${name}, target: ${target}, when: { atSeconds: [5] }, faults: [${fault}] }`;
    const rules = [
      one('aim', 'server', '{ kind: latency }'),
      one('param', 'server:8000', '{ kind: latency, params: { bytes: 5 } }'),
      one('usual', 'server:8000', '{ kind: jitter, params: { jitterMs: 900 } }'),
      one('delay', 'server:8000', '{ kind: latency, params: { latencyMs: 2000 } }'),
    ];
    assert.deepEqual(problemsOf(`hour: 2\nusers: 0\nschedule: [${rules.join(', ')}]`), [
      'users: 0 is not valid; expected a whole number of users from 1 to 10000, such as 100',
      'schedule[1].faults[0].params.bytes: unknown setting. Known settings: latencyMs, direction',
      'schedule[2].faults[0].params: {"jitterMs":900} is not valid: latencyMs plus jitterMs must be at most 1000, so that Toxiproxy can drain delayed data',
      'schedule[3].faults[0].params.latencyMs: 2000 is not valid; expected a whole number from 1 to 1000',
      'hour: unknown setting. Did you mean hours?',
      'schedule[0].faults[0]: latency cannot target server; it acts on a proxy, and these allow it: server:8000, postgres:5432',
    ]);
  });

  it('reports a duration of an instant fault', () => {
    const outage = (params: string) =>
      rule(`when: { atSeconds: [5] }, faults: [{ kind: outage, durationSeconds: { min: 5, max: 8 }${params} }]`);
    assert.deepEqual(problemsOf(outage('')), [
      'schedule[0].faults[0]: outage is instant with until: supervisor; leave out durationSeconds',
    ]);
    assert.deepEqual(problemsOf(outage(', params: { until: revert }')), []);
    assert.deepEqual(problemsOf(outage(', params: { until: reverted }')), [
      'schedule[0].faults[0].params.until: "reverted" is not valid. Did you mean revert? Expected one of supervisor, revert, never',
    ]);
  });

  it('reports rules that can never be broken or never hold', () => {
    for (const [metric, rule, message] of [
      ['success_rate', 'value>=0', /can never be broken/],
      ['success_rate', 'value>1', /can never hold: the metric is from 0 to 1/],
      ['lost_writes', 'count>=0', /can never be broken: the metric is a count of 0 or more/],
      ['recovery_seconds', 'max<0', /can never hold/],
    ] as const)
      assert.match(problemsOf(`thresholds: { ${metric}: "${rule}" }`).join(), message, rule);
    for (const [metric, rule] of [
      ['success_rate', 'value>=1'],
      ['lost_writes', 'count==0'],
      ['recovery_seconds', 'max<=0.5'],
      ['memory_slope_bytes_per_hour', 'value<0'],
    ])
      assert.deepEqual(problemsOf(`thresholds: { ${metric}: "${rule}" }`), [], rule);
  });

  it('reports a load without writes, and a recovery limit below one second', () => {
    assert.match(
      problemsOf('load: { mix: { create: 0 } }').join(),
      /create: 0 is not valid; expected a weight above 0/,
    );
    assert.match(problemsOf('recoveryTimeoutSeconds: 0.001').join(), /0\.001 is not valid; expected at least 1 second/);
  });

  it('checks verdict rules', () => {
    assert.deepEqual(problemsOf('thresholds: { sucess_rate: "value>=1" }'), [
      'thresholds.sucess_rate: unknown setting. Did you mean success_rate?',
    ]);
    assert.match(problemsOf('thresholds: { nonsense: "value>=1" }')[0] ?? '', /Known settings: success_rate, .*leaks/);
    assert.match(
      problemsOf('thresholds: { success_rate: high }')[0] ?? '',
      /^thresholds.success_rate: "high" is not a rule/,
    );
    assert.deepEqual(problemsOf('thresholds: { leaks: 0 }'), [
      'thresholds.leaks: 0 is not valid; expected a rule in quotation marks, such as "count==0"',
    ]);
  });
});
