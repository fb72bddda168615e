import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverErrorSchema } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { smallScore, startFixtureServer } from '../testing/fixture-server.ts';
import { readMemory } from './memory-limit.ts';

interface Health {
  memory: { level: string; used_bytes: number; source: string };
  cache: { scores: number };
}

describe('a lowered memory limit', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let folder = '';
  beforeEach(async () => {
    postgres = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), 'encore-memory-'));
  });
  afterEach(async () => {
    await postgres[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('drops cached scores and refuses heavy work until the limit is raised', async () => {
    const memoryLimitFile = join(folder, 'limit');
    const setLimit = (bytes: number): void => writeFileSync(memoryLimitFile, String(Math.round(bytes)));
    setLimit(8 * 1024 ** 3);
    await using server = await startFixtureServer(postgres.url, {}, { memoryLimitFile });
    const health = async () => (await (await fetch(`${server.healthUrl}/health/detailed`)).json()) as Health;
    await server.ready();
    await server.put('cached', smallScore());
    assert.equal((await server.call('key_analysis', { score_id: 'cached' })).isError, false);
    assert.deepEqual([(await health()).memory.source, (await health()).cache.scores], ['file', 1]);

    const { usedBytes } = readMemory({ configuredBytes: 8 * 1024 ** 3, limitFile: memoryLimitFile });
    // So low that the level stays critical when the cache and the idle workers are gone.
    setLimit(usedBytes * 0.5);
    await waitUntil('the critical level', async () => (await health()).memory.level === 'critical', {
      timeoutMs: 3_000,
    });
    assert.equal((await health()).cache.scores, 0);
    const heavy = await server.put('heavy', smallScore('C', 20_000));
    const { error } = serverErrorSchema.parse(await heavy.json());
    assert.deepEqual([heavy.status, error.code, error.definite], [503, 'OVERLOADED', true]);
    assert.equal((await server.put('light', smallScore())).status, 201);
    assert.equal(await (await fetch(`${server.url}/scores/cached`)).text(), smallScore());
    assert.equal((await fetch(`${server.healthUrl}/health/ready`)).status, 200);

    setLimit(8 * 1024 ** 3);
    await waitUntil('the normal level', async () => (await health()).memory.level === 'normal', { timeoutMs: 3_000 });
    assert.equal((await server.put('heavy', smallScore('C', 20_000))).status, 201);
  });
});
