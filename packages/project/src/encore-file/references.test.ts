import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { findReferences, resolveReferences } from './references.ts';

describe('references to addresses', () => {
  it('are found in command and environment, with their places', () => {
    const command = ['serve', '--port=${port.api:80}', '--db=${proxy.db:5432}/a,${proxy.cache:6379}'];
    assert.deepEqual(findReferences({ command, env: { A: '${HOME}', B: '${proxy.api:80}', C: 1 } }), [
      { at: 'command[1]', text: '${port.api:80}', kind: 'port', proxy: 'api:80' },
      { at: 'command[2]', text: '${proxy.db:5432}', kind: 'proxy', proxy: 'db:5432' },
      { at: 'command[2]', text: '${proxy.cache:6379}', kind: 'proxy', proxy: 'cache:6379' },
      { at: 'env.B', text: '${proxy.api:80}', kind: 'proxy', proxy: 'api:80' },
    ]);
    assert.deepEqual(findReferences({ command: 'x', env: 7 }), []);
  });

  it('are replaced, and the variables of a shell are not', () => {
    const text = 'PORT=${port.api:80} curl ${proxy.db:5432} ${HOME} $$';
    const shown = resolveReferences(text, ({ kind, proxy }) => `<${kind} ${proxy}>`);
    assert.equal(shown, 'PORT=<port api:80> curl <proxy db:5432> ${HOME} $$');
  });
});
