import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { unusedVariables } from './config.ts';

describe('unusedVariables', () => {
  it('lists each variable of .env that this lab does not read, if the user set it', () => {
    const file = readFileSync(join(import.meta.dirname, '../../.env'), 'utf8');
    const names = Array.from(file.matchAll(/^(?:# )?(ENCORE_\w+)=/gm), ([, name]) => name ?? '');
    const read = ['ENCORE_PORT_SERVER', 'ENCORE_PORT_HEALTH', 'ENCORE_PORT_PAGE', 'ENCORE_SERVER_MEMORY_BYTES'];
    const set = Object.fromEntries(names.map((name) => [name, '1']));
    assert.deepEqual(unusedVariables(set).sort(), names.filter((name) => !read.includes(name)).sort());
    assert.deepEqual(unusedVariables({ ENCORE_DOCKER_SOCKET: '' }), []);
  });
});
