/**
 * On the embedded runtime every program listens on this machine, where a web page could send
 * requests through a browser.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { bareEnvironment, root } from './support/command.ts';

const nowhere = 'http://127.0.0.1:1';
const services = {
  chaos: {
    main: 'services/chaos/src/main.ts',
    env: {
      ENCORE_PROJECT: 'none',
      ENCORE_ENGINE_SOCKET: '/no/socket',
      ENCORE_SYSTEM_FILE: join(root, 'system.yaml'),
    },
  },
  loadgen: { main: 'services/loadgen/src/main.ts', env: { ENCORE_TARGET_URL: nowhere } },
} as const;

function statusOf(port: number, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((answered, failed) => {
    request({ host: '127.0.0.1', port, path: '/live', headers }, (response) => {
      response.resume();
      answered(response.statusCode);
    })
      .once('error', failed)
      .end();
  });
}

/** The port that a program logs when it listens; rejects with its log if it ends before. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((found, failed) => {
    let log = '';
    child.stderr?.on('data', (piece: Buffer) => {
      log += piece.toString();
      const port = /"port":(\d+)|"url":"http:[^"]*:(\d+)"/.exec(log)?.slice(1).join('');
      if (port) found(Number(port));
    });
    child.once('close', () => failed(new Error(log)));
  });
}

describe('a program of the lab that listens', function () {
  this.timeout(120_000);
  const children: ChildProcess[] = [];
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-names-'));
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, { main, env }] of Object.entries(services))
    it(`accepts only its own names as Host (${name})`, async () => {
      const folders = {
        ENCORE_JOURNAL_DIR: join(folder, 'journal'),
        ENCORE_TOKEN_FILE: join(folder, 'token'),
        ENCORE_RUNS_DIR: join(folder, 'runs'),
      };
      const child = spawn(process.execPath, [join(root, main)], {
        env: { ...bareEnvironment(), ...env, ...folders, ENCORE_PORT: '0' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(child);
      const port = await portOf(child);
      for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`, `${name}:80`])
        assert.equal(await statusOf(port, { host }), 200, host);
      for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example'])
        assert.equal(await statusOf(port, { host }), 403, host);
      assert.equal(await statusOf(port, { host: 'localhost', origin: 'http://evil.example' }), 403);
    });
});
