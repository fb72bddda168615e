import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { problemsOfVariables } from './unknown-variables.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

describe('unknown variables', () => {
  it('are refused when they look like a setting, with what was meant', () => {
    assert.deepEqual(
      problemsOfVariables({ ENCORE_USER: '5', ENCORE_PROFIL: 'smoke', ENCORE_KILL: '3', PATH: '/bin' }),
      [
        'ENCORE_USER: there is no such variable; did you mean ENCORE_USERS?',
        'ENCORE_PROFIL: there is no such variable; did you mean ENCORE_PROFILE?',
        'ENCORE_KILL: there is no such variable; did you mean ENCORE_KILL_INTERVAL?',
      ],
    );
    assert.deepEqual(
      problemsOfVariables({ ENCORE_KILL_INTERVAL_MINUTES: '3', ENCORE_RAMP_SECONDS: '3', ENCORE_CONFG: 'a.yaml' }),
      [
        'ENCORE_KILL_INTERVAL_MINUTES: there is no such variable; did you mean ENCORE_KILL_INTERVAL?',
        'ENCORE_RAMP_SECONDS: there is no such variable; in a settings file (--config) it is rampSeconds',
        'ENCORE_CONFG: there is no such variable; did you mean ENCORE_CONFIG?',
      ],
    );
  });

  it('pass when they are empty, or like nothing here', () => {
    assert.deepEqual(problemsOfVariables({ ENCORE_USER: '', ENCORE_RADIO_VOLUME: '11', USERS: '4' }), []);
  });

  it('are none of the names that the project itself uses', () => {
    const files = ['docker-compose.yml', '.env', 'docs/CONFIGURATION.md', '.ci/run'];
    const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    const own = new Set(text.match(/ENCORE_[A-Z_]*[A-Z]/g));
    for (const name of ['ENCORE_HOME', 'ENCORE_OFFLINE', 'ENCORE_CHROMIUM', 'ENCORE_TEST_RESULTS']) own.add(name);
    assert.ok(own.size > 35, `${own.size} names`);
    assert.deepEqual(problemsOfVariables(Object.fromEntries([...own].map((name) => [name, 'x']))), []);
  });
});
