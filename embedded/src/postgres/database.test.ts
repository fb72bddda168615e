/** The embedded PostgreSQL under the process engine: it comes up, comes back, and freezes as a whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import type { Container } from '../engine/container.ts';
import { Engine } from '../engine/engine.ts';
import { Reaper } from '../engine/reaper.ts';
import { preparePostgres } from './binaries.ts';
import { createDatabase } from './database.ts';

const deadline = { timeoutMs: 10_000, everyMs: 20 };

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
  // Made here, so that another user may enter it.
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

  /** A fresh backend answers an SSLRequest with one byte. */
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

  it("comes back by the policy after a crash, and at an operator's start after SIGKILL", async () => {
    container.kill('SIGQUIT');
    await waitUntil('the policy', () => container.restartCount === 1 && container.state.status === 'running', deadline);
    await waitUntil('an answer', answers, deadline);
    container.kill('SIGKILL');
    await waitUntil('the end', () => container.state.status === 'exited', deadline);
    await assert.rejects(answers());
    container.start();
    await waitUntil('an answer', answers, deadline);
  });

  it('freezes with all its backends and thaws', async () => {
    container.pause();
    const { state } = container;
    const members = 'process' in state ? state.process.members() : [];
    assert.ok(members.length > 3 && members.every(({ stopped }) => stopped), JSON.stringify(members));
    await assert.rejects(answers());
    container.unpause();
    await waitUntil('an answer', answers, deadline);
  });

  it('stops in a moment, in good order', async () => {
    await container.stop();
    assert.equal(container.exitCode, 0);
    container.start();
    await waitUntil('an answer', answers, deadline);
  });
});
