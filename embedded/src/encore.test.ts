/** What `./encore` refuses before it starts any process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { bareEnvironment } from '../../test/support/command.ts';

describe('encore without Docker', function () {
  this.timeout(60_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-main-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function encore(args: string[], env: Record<string, string>, cwd?: string) {
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
      encoding: 'utf8',
      cwd,
      env: { ...bareEnvironment(), ENCORE_HOME: join(folder, 'home'), ...env },
    });
    return { status, stderr, stdout };
  }

  for (const command of ['check', 'run'])
    it(`${command} refuses invalid server settings with key, value and allowed range`, () => {
      const path = join(folder, 'server.json');
      writeFileSync(path, '{ "max_conections": 5, "queue_timeout": "1s", "database": { "connections": 0 } }');
      const env = { ENCORE_SERVER_CONFIG: path, ENCORE_SERVER_MEMORY_BYTES: '1000' };
      const { status, stderr, stdout } = encore([command, '--profile', 'smoke'], env);
      assert.equal(status, 3);
      assert.equal(stdout, '');
      assert.deepEqual(stderr.trimEnd().split('\n').slice(1).toSorted(), [
        `  ${path}: database.connections: 0 is not valid; expected a whole number from 1 to 500`,
        `  ${path}: max_conections: unknown setting. Did you mean max_connections?`,
        `  ${path}: queue_timeout: "1s" is not valid; expected a number above 0 and at most 60`,
        '  environment: ENCORE_SERVER_MEMORY_BYTES: must be a whole number of bytes of at least 134217728 (128 MB), such as 536870912',
      ]);
    });

  it('uses ENCORE_RESULTS_DIR as the results folder', () => {
    writeFileSync(join(folder, 'STOP'), '');
    const { status, stderr } = encore(['run', '--profile', 'smoke'], { ENCORE_RESULTS_DIR: folder });
    assert.equal(status, 3);
    assert.ok(stderr.includes(`stop file: ${join(folder, 'STOP')} exists`), stderr);
  });

  it('marks unsupported kinds in a dry run and starts nothing', () => {
    const path = join(folder, 'pressure.yaml');
    const rule = 'name: a, target: server, when: { atSeconds: [30] }, faults: [{ kind: memory-pressure }]';
    writeFileSync(path, `profile: smoke\nschedule: [{ ${rule} }]\n`);
    const { status, stdout, stderr } = encore(['--config', path, '--dry-run'], {});
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^ {2}not supported here {3}1 memory-pressure, skipped: needs a container /m);
    assert.match(stdout, / f0001 +memory-pressure +server .* not supported here,?$/m);
  });

  it('refuses server settings that are missing or exceed the memory limit', () => {
    const missing = encore(['check'], { ENCORE_SERVER_CONFIG: join(folder, 'none.json') });
    assert.equal(missing.status, 3);
    assert.match(missing.stderr, /none\.json: cannot be read; name a JSON file that the server may read \(ENOENT/);
    const small = encore(['check'], { ENCORE_SERVER_MEMORY_BYTES: String(256 * 1024 ** 2) });
    assert.equal(small.status, 3);
    assert.match(small.stderr, /memory_limit_mb: 512 MB is above the memory of this container, 256 MB/);
    const large = join(folder, 'large.json');
    writeFileSync(large, '{ "spool_limit_mb": 1048576 }');
    const full = encore(['check'], { ENCORE_SERVER_CONFIG: large });
    assert.equal(full.status, 3);
    const scratch = /spool_limit_mb: 1048576 MB is above the size of the scratch folder (\S+), \d+ MB/.exec(
      full.stderr,
    );
    assert.match(scratch?.[1] ?? full.stderr, new RegExp(`^${join(folder, 'home', 'labs')}/\\d+/scratch$`));
  });

  const processes = (port: number, more = '') => `
system:
  entry: api:${port}
  recoveryOf: api
  processes: { api: { command: [sh, -c, 'exec sleep 1000'], health: { ready: 'http://api:${port}/' }${more} } }
  proxies: { 'api:${port}': { probe: http } }
workload: load.mjs
profile: smoke
`;

  const workload = `import { defineWorkload } from '@encore/workload';
export default defineWorkload({
  operations: { read: { weight: 1, run: async ({ http }) => void (await http.get('/')) } },
  probe: { request: { method: 'GET', path: '/' } },
});
`;

  function projectOf(text: string): string {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, 'encore.yaml'), text);
    writeFileSync(join(project, 'load.mjs'), workload);
    return project;
  }

  it('refuses mistakes of processes all together, and starts nothing', () => {
    const project = projectOf(processes(3000, ', cwd: nowhere, allowedKinds: [partition]'));
    const { status, stdout, stderr } = encore(['run'], {}, project);
    assert.deepEqual([status, stdout], [3, '']);
    assert.match(stderr, /system\.processes\.api\.cwd: nowhere: no such folder/);
    assert.match(
      stderr,
      /api\.allowedKinds: partition is impossible: needs a container with its own network; use Docker/,
    );
    assert.doesNotMatch(stderr, /starting the lab/);
    const keep = encore(['run', '--keep'], {}, projectOf(processes(3000)));
    assert.match(keep.stderr, /--keep: the processes end with the run; remove the option/);
  });

  it('shows the reason for each kind that is impossible on a process', () => {
    const { status, stdout, stderr } = encore(['run', '--dry-run'], {}, projectOf(processes(3000)));
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^ {2}partition on api: needs a container with its own network; use Docker$/m);
    assert.match(stdout, /^ {2}api +crash, outage, restart, .*freeze$/m);
  });

  it('refuses a port that is in use, and offers to choose one', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const { port } = busy.address() as AddressInfo;
    const { status, stderr } = encore(['run'], {}, projectOf(processes(port)));
    busy.close();
    assert.equal(status, 3, stderr);
    assert.ok(stderr.includes(`port ${port} of api:${port} is in use`), stderr);
    assert.ok(stderr.includes(`write \${port.api:${port}} where api reads its port`), stderr);
    assert.deepEqual(readdirSync(join(folder, 'home', 'labs')), []);
  });

  it('finds nothing to revert where no run has left anything behind', () => {
    const { status, stdout } = encore(['revert'], {}, projectOf(processes(3000)));
    assert.deepEqual([status, stdout], [0, 'No run of this folder left anything behind.\n']);
  });
});
