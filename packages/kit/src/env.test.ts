import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { portVariable, readEnv, urlVariable } from './env.ts';

describe('readEnv', () => {
  it('treats an empty variable as unset', () => {
    const shape = { ENCORE_PORT: portVariable.default(8080), ENCORE_HOST: z.string().default('127.0.0.1') };
    assert.deepEqual(readEnv(shape, { ENCORE_PORT: '', ENCORE_HOST: '0.0.0.0', OTHER: 'x' }), {
      port: 8080,
      host: '0.0.0.0',
    });
  });

  it('names the members of its result after the variables', () => {
    const shape = { ENCORE_HEALTH_PORT: portVariable, ENCORE_MEMORY_LIMIT_FILE: z.string().optional() };
    const { healthPort, memoryLimitFile } = readEnv(shape, { ENCORE_HEALTH_PORT: '1' });
    assert.deepEqual([healthPort, memoryLimitFile], [1, undefined]);
  });

  it('reports all problems together, by name', () => {
    const shape = { ENCORE_PORT: portVariable, ENCORE_URL: urlVariable };
    assert.throws(
      () => readEnv(shape, { ENCORE_PORT: '70000' }),
      /ENCORE_PORT: must be a port, from 0 to 65535; ENCORE_URL: must be a URL such as http:/,
    );
  });
});
