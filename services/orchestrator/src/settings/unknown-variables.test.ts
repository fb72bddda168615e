import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { problemsOfVariables } from './unknown-variables.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

describe('problemsOfVariables', () => {
  it('reports a variable that looks like a setting, with a suggestion', () => {
    assert.deepEqual(
      problemsOfVariables({ ENCORE_USER: '5', ENCORE_PROFIL: 'smoke', ENCORE_KILL: '3', PATH: '/bin' }),
      [
        'unknown variable ENCORE_USER; did you mean ENCORE_USERS?',
        'unknown variable ENCORE_PROFIL; did you mean ENCORE_PROFILE?',
        'unknown variable ENCORE_KILL; did you mean ENCORE_KILL_INTERVAL?',
      ],
    );
    assert.deepEqual(
      problemsOfVariables({ ENCORE_KILL_INTERVAL_MINUTES: '3', ENCORE_RAMP_SECONDS: '3', ENCORE_CONFG: 'a.yaml' }),
      [
        'unknown variable ENCORE_KILL_INTERVAL_MINUTES; did you mean ENCORE_KILL_INTERVAL?',
        'unknown variable ENCORE_RAMP_SECONDS; set rampSeconds in a settings file',
        'unknown variable ENCORE_CONFG; did you mean ENCORE_CONFIG?',
      ],
    );
  });

  it('reports a port that the lab does not have', () => {
    assert.deepEqual(problemsOfVariables({ ENCORE_PORT_PAG: '8090', ENCORE_PORT_GRAFANA: '3001', ENCORE_PORT: '1' }), [
      'unknown variable ENCORE_PORT_PAG; did you mean ENCORE_PORT_PAGE?',
    ]);
    const [problem] = problemsOfVariables({ ENCORE_PORT_DATABASE: '5432' });
    assert.match(problem ?? '', /^unknown variable ENCORE_PORT_DATABASE; the ports are ENCORE_PORT_SERVER, /);
  });

  it('accepts empty variables and unrelated names', () => {
    assert.deepEqual(problemsOfVariables({ ENCORE_USER: '', ENCORE_RADIO_VOLUME: '11', USERS: '4' }), []);
  });

  it('accepts every variable that the project uses', () => {
    const files = ['docker-compose.yml', '.env', 'docs/CONFIGURATION.md', '.ci/run'];
    const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    const own = new Set(text.match(/ENCORE_[A-Z_]*[A-Z]/g));
    for (const name of ['ENCORE_HOME', 'ENCORE_OFFLINE', 'ENCORE_CHROMIUM', 'ENCORE_TEST_RESULTS']) own.add(name);
    assert.ok(own.size > 35, `${own.size} names`);
    assert.deepEqual(problemsOfVariables(Object.fromEntries([...own].map((name) => [name, 'x']))), []);
  });
});
