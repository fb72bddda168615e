import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createApiToken, readApiToken, tokenGuard } from './api-token.ts';

describe('API token', () => {
  let folder = '';
  const path = () => join(folder, 'secret', 'token');
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-token-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is created once, readable by all and writable by none', async () => {
    assert.throws(() => readApiToken(path()), { code: 'NO_TOKEN' });
    const token = await createApiToken(path());
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal(await createApiToken(path()), token);
    assert.equal(readApiToken(path()), token);
    assert.equal(statSync(path()).mode & 0o777, 0o444);
  });

  it('is recreated if a crash left the file truncated', async () => {
    chmodSync(path(), 0o644);
    writeFileSync(path(), '');
    const token = await createApiToken(path());
    assert.equal(readFileSync(path(), 'utf8'), token);
  });

  it('admits only its own bearer', () => {
    const passes = (authorization?: string): boolean => {
      let passed = false;
      const request = { headers: authorization === undefined ? {} : { authorization } } as IncomingMessage;
      tokenGuard('a'.repeat(64))(request, undefined, () => {
        passed = true;
      });
      return passed;
    };
    assert.ok(passes(`Bearer ${'a'.repeat(64)}`));
    for (const wrong of [
      undefined,
      '',
      'Bearer ',
      `Bearer ${'b'.repeat(64)}`,
      `Basic ${'a'.repeat(64)}`,
      'a'.repeat(64),
    ])
      assert.throws(() => passes(wrong), { code: 'UNAUTHORIZED', status: 401 });
  });
});
