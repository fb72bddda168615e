/**
 * The embedded PostgreSQL under the process engine: it starts, recovers, and freezes as a whole.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { runCommand } from '../../../test/support/command.ts';
import { canMountDisks, onDisk } from '../../../test/support/small-disk.ts';
import type { Container } from '../engine/container.ts';
import { Engine } from '../engine/engine.ts';
import { Reaper } from '../engine/reaper.ts';
import { preparePostgres } from './binaries.ts';
import { createDatabase } from './database.ts';

const deadline = { timeoutMs: 60_000, everyMs: 20 };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('embedded PostgreSQL', function () {
  this.timeout(60_000);
  // Created here, so that another user can enter it.
  const folder = mkdtempSync(join(tmpdir(), 'encore-postgres-'));
  const reaper = new Reaper(folder);
  const engine = new Engine(reaper);
  let container: Container;
  let port = 0;

  before(async () => {
    await chmod(folder, 0o755);
    port = await freePort();
    const programs = await preparePostgres(folder);
    const database = await createDatabase({
      programs,
      folder: join(folder, 'db'),
      port,
      role: 'encore',
      password: 'x',
    });
    container = engine.create({
      ...database,
      name: 'postgres',
      image: 'postgres',
      cwd: '/',
      labels: {},
      stopSignal: 'SIGINT',
      stopGraceMs: 5_000,
      restart: 'always',
      logFile: join(folder, 'postgres.log'),
    });
    container.start();
    await waitUntil('PostgreSQL to answer', answers, deadline);
  });

  after(async () => {
    await engine[Symbol.asyncDispose]();
    reaper[Symbol.dispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** True when a new backend answers an SSLRequest with one byte. */
  async function answers(): Promise<boolean> {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
      const signal = AbortSignal.timeout(200);
      const [data] = (await once(socket, 'data', { signal })) as [Buffer];
      return data.toString('latin1') === 'N';
    } finally {
      socket.destroy();
    }
  }

  it('restarts by the policy after a crash, and by an operator after SIGKILL', async () => {
    container.kill('SIGQUIT');
    await waitUntil('the policy', () => container.restartCount === 1 && container.state.status === 'running', deadline);
    await waitUntil('an answer', answers, deadline);
    container.kill('SIGKILL');
    await waitUntil('the end', () => container.state.status === 'exited', deadline);
    await assert.rejects(answers());
    container.start();
    await waitUntil('an answer', answers, deadline);
  });

  it('freezes and thaws with all its backends', async () => {
    container.pause();
    const { state } = container;
    const members = 'process' in state ? state.process.members() : [];
    assert.ok(members.length > 3 && members.every(({ stopped }) => stopped), JSON.stringify(members));
    await assert.rejects(answers());
    container.unpause();
    await waitUntil('an answer', answers, deadline);
  });

  it('shuts down quickly and cleanly', async () => {
    await container.stop();
    assert.equal(container.exitCode, 0);
    container.start();
    await waitUntil('an answer', answers, deadline);
  });
});

/**
 * Creates and serves a database, as a program that a test can run as another user or with a small
 * /dev/shm.
 */
const program = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
const [createDatabaseFile, programs, folder] = process.argv.slice(1);
const { createDatabase } = await import(createDatabaseFile);
try {
  const { command: [file, ...args], env, user } = await createDatabase({ programs, folder, port: 1, role: 'encore', password: 'x' });
  const server = spawn(file, [...args, '-c', 'listen_addresses=', '-c', 'unix_socket_directories=' + folder, '-c', 'log_min_messages=info'], { cwd: '/', env, ...user });
  for await (const line of createInterface(server.stderr)) {
    if (!/ready to accept connections|FATAL/.test(line)) continue;
    console.log(line);
    server.kill('SIGINT');
  }
} catch (error) {
  console.log(error.message);
}`;

describe('embedded PostgreSQL on an unusual machine', function () {
  this.timeout(120_000);
  let folder = '';
  let programs = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'encore-postgres-odd-'));
    await chmod(folder, 0o755);
    programs = await preparePostgres(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const command = (database: string): [string, ...string[]] => {
    const file = join(import.meta.dirname, 'database.ts');
    return [process.execPath, '--input-type=module', '-e', program, file, programs, database];
  };

  it('names a user without an entry in /etc/passwd and the remedy', async function () {
    if (process.getuid?.() !== 0) {
      process.stdout.write('    SKIPPED: only root can act as another user\n');
      this.skip();
    }
    const uid = 54_321;
    const home = mkdtempSync(join(folder, 'home-'));
    await chown(home, uid, uid);
    const [file, ...args] = command(join(home, 'db'));
    const { stdout, stderr } = await runCommand(file, args, { timeoutMs: 60_000, cwd: '/', uid });
    assert.equal(
      stdout,
      'PostgreSQL could not create its data folder: user 54321 has no entry in /etc/passwd, which PostgreSQL needs. ' +
        'Add one, or run as another user or as root\n',
      stderr,
    );
  });

  it('names the remedy where its programs may not be run', async () => {
    const closed = mkdtempSync(join(folder, 'closed-'));
    await mkdir(join(closed, 'bin'));
    await writeFile(join(closed, 'bin', 'initdb'), '', { mode: 0o644 });
    const options = { programs: closed, folder: closed, port: 1, role: 'encore', password: 'x' };
    await assert.rejects(createDatabase(options), /its programs may not be run where they are.*Set ENCORE_HOME/);
  });

  it('runs with a /dev/shm of 1 MB', async function () {
    if (!canMountDisks()) {
      process.stdout.write('    SKIPPED: this user may not mount a disk of a chosen size here\n');
      this.skip();
    }
    const [file, ...args] = onDisk('/dev/shm', '1m', command(join(folder, 'db')));
    const { stdout, stderr } = await runCommand(file, args, { timeoutMs: 60_000, cwd: '/' });
    assert.match(stdout, /^.*LOG: +database system is ready to accept connections\n$/, stdout + stderr);
  });
});
