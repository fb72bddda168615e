import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { DockerEngine } from './docker-engine.ts';

interface Policy {
  Name: string;
  MaximumRetryCount: number;
}

/**
 * The part of an engine's API used by an update of limits. `keep`: the restart policy after the
 * update.
 */
class FakeEngineApi implements AsyncDisposable {
  policy: Policy = { Name: 'always', MaximumRetryCount: 0 };
  keep: (named: Policy | undefined) => Policy = (named) => named ?? this.policy;
  readonly socket: string;
  readonly #folder: string;
  readonly #server: Server;

  static async open(): Promise<FakeEngineApi> {
    const api = new FakeEngineApi(await mkdtemp(join(tmpdir(), 'encore-engine-api-')));
    api.#server.listen(api.socket);
    await once(api.#server, 'listening');
    return api;
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, 'engine.sock');
    this.#server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      response.setHeader('content-type', 'application/json');
      if (request.url?.endsWith('/exec')) return void response.end(JSON.stringify({ Id: 'def' }));
      if (request.url?.endsWith('/start')) {
        // A program in a container that was frozen: no output, and no end.
        response.writeHead(200);
        return void response.flushHeaders();
      }
      if (request.url?.endsWith('/update')) {
        this.policy = this.keep(JSON.parse(text).RestartPolicy);
        return void response.end('{}');
      }
      response.end(JSON.stringify(this.#inspection()));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.#folder, { recursive: true });
  }

  #inspection(): object {
    const never = '0001-01-01T00:00:00Z';
    return {
      Id: 'abc',
      Name: '/server',
      State: { Status: 'running', ExitCode: 0, StartedAt: never },
      Config: { Image: 'image', Labels: {}, StopSignal: 'SIGTERM' },
      HostConfig: { RestartPolicy: this.policy, Init: true },
    };
  }
}

describe('DockerEngine', () => {
  const signal = new AbortController().signal;
  let api: FakeEngineApi;
  let engine: DockerEngine;
  beforeEach(async () => {
    api = await FakeEngineApi.open();
    engine = new DockerEngine(api.socket);
  });
  afterEach(() => api[Symbol.asyncDispose]());

  it('reads the settings that a restart after a crash depends on', async () => {
    const { restartSetup } = await engine.inspect('abc', signal);
    assert.deepEqual(restartSetup, { policy: 'always', init: true, stopSignal: 'SIGTERM' });
    api.policy = { Name: 'on-failure', MaximumRetryCount: 3 };
    assert.equal((await engine.inspect('abc', signal)).restartSetup.policy, 'on-failure:3');
  });

  it('keeps the restart policy on an engine that drops it when an update does not name it', async () => {
    api.policy = { Name: 'on-failure', MaximumRetryCount: 3 };
    api.keep = (named) => named ?? { Name: '', MaximumRetryCount: 0 };
    await engine.updateMemory('abc', 2 ** 28, 2 ** 28, signal);
    await engine.updateCpus('abc', 0.5, signal);
    assert.deepEqual(api.policy, { Name: 'on-failure', MaximumRetryCount: 3 });
  });

  it('ends the wait for a program that neither writes nor exits', async () => {
    await assert.rejects(engine.exec('abc', ['node'], AbortSignal.timeout(500)), { code: 'ENGINE_UNREACHABLE' });
  }).timeout(10_000);

  it('fails when the policy is missing after the update', async () => {
    api.policy = { Name: 'on-failure', MaximumRetryCount: 3 };
    api.keep = () => ({ Name: '', MaximumRetryCount: 0 });
    await assert.rejects(engine.updateCpus('abc', 0.5, signal), {
      code: 'RESTART_POLICY_LOST',
      message:
        /from on-failure:3 to no when the limits were updated; restore it with docker update --restart=on-failure:3 abc/,
    });
  });
});
