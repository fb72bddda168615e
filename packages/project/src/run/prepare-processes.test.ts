import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { processFileSchema } from '../encore-file/encore-file.ts';
import { prepareProcesses } from './prepare-processes.ts';

describe('prepareProcesses', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-processes-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const prepare = (processes: object, more: object = {}, settings = {}) =>
    prepareProcesses(
      {
        file: processFileSchema.parse({
          system: {
            entry: 'api:3000',
            recoveryOf: 'api',
            proxies: { 'api:3000': { probe: 'http' } },
            processes,
          },
          ...more,
        }),
        settings,
      },
      { folder, searchPath: '/usr/bin:/bin', impossible: { partition: 'no network' } },
    );

  it('finds the workload and what starts, and starts nothing', async () => {
    await writeFile(join(folder, 'load.mjs'), '');
    await writeFile(join(folder, 'program'), '', { mode: 0o755 });
    const prepared = await prepare(
      { api: { command: ['sh'] }, own: { command: ['./program'] } },
      { workload: 'load.mjs' },
    );
    assert.ok(prepared.ok, JSON.stringify(prepared));
    assert.equal(prepared.workload, join(folder, 'load.mjs'));
    assert.deepEqual(prepared.notes, []);
  });

  it('lists every program, folder and file that is missing, and faults that are impossible', async () => {
    await writeFile(join(folder, 'data'), '', { mode: 0o644 });
    const prepared = await prepare(
      {
        api: { command: ['no-such-program'] },
        own: { command: ['./data'] },
        far: { command: ['sh'], cwd: 'nowhere' },
        db: { postgres: { user: 'a', password: 'b', database: 'c', schema: 'none.sql' } },
      },
      {},
      { schedule: [{ target: 'api', faults: [{ kind: 'partition' }] }] },
    );
    assert.deepEqual(prepared, {
      ok: false,
      problems: [
        'system.processes.api.command: no-such-program: no such program in the folders of PATH; install it, or use its path',
        `system.processes.own.command: ./data: no such program; expected a path relative to ${folder}, or an absolute one`,
        `system.processes.far.cwd: nowhere: no such folder in ${folder}`,
        `system.processes.db.postgres.schema: none.sql: no such file in ${folder}, or it cannot be read`,
        'schedule[0].faults[0]: partition is impossible on api: no network',
        'workload: is missing; expected the path of a module or a YAML file (docs/WORKLOADS.md)',
      ],
    });
  });

  it('notes an address that bypasses a proxy', async () => {
    await writeFile(join(folder, 'load.mjs'), '');
    const env = { OTHER: 'http://localhost:30001', API: 'http://localhost:3000/x', GOOD: 'http://${proxy.api:3000}' };
    const prepared = await prepare(
      { api: { command: ['sh'] }, web: { command: ['sh'], env } },
      { workload: 'load.mjs' },
    );
    assert.deepEqual(prepared.ok && prepared.notes, [
      'web: env.API leads to port 3000 and bypasses the proxy of api, so no network fault acts on it; write ${proxy.api:3000} for the address',
    ]);
  });
});
