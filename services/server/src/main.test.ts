import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpToolCall, waitUntil } from '@encore/kit';
import { zipSync } from 'fflate';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { z } from 'zod';
import { bareEnvironment } from '../../../test/support/command.ts';
import { startPostgres, type TestPostgres } from '../../../test/support/postgres.ts';
import { smallScore } from './testing/fixture-server.ts';
import { tools } from './tools/index.ts';

interface Process {
  child: ChildProcess;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output: () => string;
}

describe('the server process', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let folder = '';
  const running: Process[] = [];
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres[Symbol.asyncDispose]());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-server-'));
    writeFileSync(join(folder, 'server_config.json'), '{}');
  });
  afterEach(() => {
    for (const { child } of running.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  function launch(env: Record<string, string> = {}): Process {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      cwd: folder,
      env: {
        ...bareEnvironment(),
        ENCORE_PORT: '0',
        ENCORE_HEALTH_PORT: '0',
        ENCORE_DATABASE_URL: postgres.url,
        ENCORE_SCRATCH_DIR: join(folder, 'scratch'),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr?.on('data', (data) => {
      text += data;
    });
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
      child.once('close', (code, signal) => done({ code, signal }));
    });
    const started = { child, exited, output: () => text };
    running.push(started);
    return started;
  }

  async function portsOf({ output }: Process): Promise<{ port: number; healthPort: number }> {
    const line = await waitUntil(
      'the ports',
      () =>
        output()
          .split('\n')
          .find((candidate) => candidate.includes('"listening"')),
      { timeoutMs: 20_000 },
    );
    return JSON.parse(line) as { port: number; healthPort: number };
  }

  async function ready(server: Process): Promise<{ port: number; healthPort: number }> {
    const ports = await portsOf(server);
    const url = `http://127.0.0.1:${ports.healthPort}/health/ready`;
    await waitUntil('readiness', async () => (await fetch(url)).ok, { timeoutMs: 20_000 });
    return ports;
  }

  it('reports all configuration problems at once', async () => {
    writeFileSync(
      join(folder, 'server_config.json'),
      '{"max_concurrent_requests": -1, "request_timeout": "1O", "surprise": 1, "cache": {"scores": null}}',
    );
    const server = launch({ ENCORE_PORT: '70000', ENCORE_DATABASE_URL: 'nowhere' });
    assert.equal((await server.exited).code, 78);
    for (const name of [
      'ENCORE_PORT',
      'ENCORE_DATABASE_URL',
      'max_concurrent_requests',
      'request_timeout',
      'surprise',
      'cache.scores',
    ]) {
      assert.match(server.output(), new RegExp(name));
    }
    assert.match(server.output(), /^refused to start:\n/);
    assert.doesNotMatch(server.output(), /"level"/, 'plain lines, not log records');
    const missing = launch({ ENCORE_SERVER_CONFIG: join(folder, 'none.json') });
    assert.equal((await missing.exited).code, 78);
    assert.match(missing.output(), /none\.json/);
  });

  it('refuses limits that exceed its container', async () => {
    const limits = { max_concurrent_requests: 200, memory_limit_mb: 8_192, request_timeout: 600 };
    writeFileSync(join(folder, 'server_config.json'), JSON.stringify({ ...limits, max_request_size: 209_715_200 }));
    const server = launch({ ENCORE_SERVER_MEMORY_BYTES: '536870912' });
    assert.equal((await server.exited).code, 78);
    assert.match(server.output(), /memory_limit_mb: 8192 MB is above the memory of this container, 512 MB/);
    assert.match(
      server.output(),
      /max_request_size: 209715200 bytes \(200 MB\) does not fit into spool_limit_mb, 60 MB/,
    );
  });

  it('completes admitted requests after SIGTERM, refuses new connections, exits with 0', async () => {
    const server = launch();
    const { port, healthPort } = await ready(server);
    const body = smallScore('C', 5_000);
    const agent = new Agent({ keepAlive: true });
    const answer = Promise.withResolvers<{ status: number | undefined; connection: string | undefined }>();
    const upload = httpRequest(
      { host: '127.0.0.1', port, method: 'PUT', path: '/scores/drained', agent },
      (response) => {
        response.resume();
        response.on('end', () =>
          answer.resolve({ status: response.statusCode, connection: response.headers.connection }),
        );
      },
    );
    upload.on('error', answer.reject);
    upload.write(body.slice(0, 1_000));
    const metrics = `http://127.0.0.1:${healthPort}/metrics`;
    const admitted = async () => /encore_server_active_requests\S* 1\n/.test(await (await fetch(metrics)).text());
    await waitUntil('the upload to begin', admitted, { timeoutMs: 5_000 });
    server.child.kill('SIGTERM');
    const notReady = async () => (await fetch(`http://127.0.0.1:${healthPort}/health/ready`)).status === 503;
    await waitUntil('the server to be unready', notReady, { timeoutMs: 2_000 });
    await waitUntil('the port to close', () => refuses(port), { timeoutMs: 2_000 });
    upload.end(body.slice(1_000));
    assert.deepEqual(await answer.promise, { status: 201, connection: 'close' });
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    agent.destroy();
    const next = launch();
    const ports = await ready(next);
    assert.equal(await (await fetch(`http://127.0.0.1:${ports.port}/scores/drained`)).text(), body);
  });

  it('stops in spite of idle connections and incomplete requests, and leaves no file', async () => {
    const server = launch();
    const { port } = await ready(server);
    const idle = connect(port, '127.0.0.1');
    const half = connect(port, '127.0.0.1', () => half.write('GET /scores/x HTTP/1.1\r\nHost: 127.0.0.1\r\n'));
    for (const socket of [idle, half]) socket.on('error', () => {});
    await waitUntil('the connections', () => half.bytesWritten > 0, { timeoutMs: 2_000 });
    const startedAt = performance.now();
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.ok(performance.now() - startedAt < 9_500, 'within the stop timeout');
    assert.deepEqual(readdirSync(join(folder, 'scratch')), []);
  });

  it('exits immediately at the second signal', async () => {
    const server = launch();
    const { port } = await ready(server);
    const half = connect(port, '127.0.0.1', () =>
      half.write('PUT /scores/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n'),
    );
    half.on('error', () => {});
    await waitUntil('half a request', () => half.bytesWritten > 0, { timeoutMs: 2_000 });
    server.child.kill('SIGTERM');
    await waitUntil('the stop to begin', () => server.output().includes('stopping'), { timeoutMs: 5_000 });
    const startedAt = performance.now();
    server.child.kill('SIGTERM');
    assert.equal((await server.exited).code, 1);
    assert.ok(performance.now() - startedAt < 1_000);
  });

  it('never builds a file path from input', async () => {
    const pathLog = join(folder, 'paths');
    const spy = new URL('testing/path-log.ts', import.meta.url);
    spy.searchParams.set('to', pathLog);
    const { port } = await ready(launch({ NODE_OPTIONS: `--import=${spy}` }));
    // Part of every name that is sent, and of none of the server's own paths.
    const marker = 'm4rk3r';
    const names = [
      marker,
      `../../${marker}`,
      `/etc/${marker}`,
      `..\\..\\${marker}`,
      `\\\\host\\${marker}`,
      `C:${marker}`,
      `${marker}\0.xml`,
      `file:///tmp/${marker}`,
    ];
    const send = async (path: string, init: RequestInit): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
      await answer.arrayBuffer();
      return answer.status;
    };
    const statuses: number[] = [];
    for (const name of names) {
      const path = `/scores/${encodeURIComponent(name)}`;
      const key = encodeURIComponent(name);
      statuses.push(
        await send(path, {
          method: 'PUT',
          body: smallScore('C', 3_000),
          headers: { 'idempotency-key': `key-of-${key}` },
        }),
        await send(path, { method: 'GET' }),
        await send(`/scores?prefix=${key}`, { method: 'GET' }),
      );
      for (const tool of tools) {
        const input = {
          score_id: name,
          new_score_id: name,
          prefix: name,
          format: 'midi',
          interval: 'M2',
          content: name,
        };
        const known = Object.keys((tool.input as z.ZodObject).shape);
        const given = Object.fromEntries(Object.entries(input).filter(([field]) => known.includes(field)));
        const { headers, body } = mcpToolCall({ client: marker, id: 1, tool: tool.name, input: given });
        statuses.push(await send('/mcp', { method: 'POST', headers, body }));
      }
      statuses.push(await send(path, { method: 'DELETE' }));
    }
    const container = `<container><rootfiles><rootfile full-path="../../${marker}.xml"/></rootfiles></container>`;
    const entries = { 'META-INF/container.xml': container, [`../../${marker}.xml`]: smallScore('C', 2) };
    const archive = zipSync(
      Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, Buffer.from(text)])),
    );
    statuses.push(await send(`/scores/${marker}-zip`, { method: 'PUT', body: new Uint8Array(archive) }));
    const { headers, body } = mcpToolCall({
      client: marker,
      id: 1,
      tool: 'score_info',
      input: { score_id: `${marker}-zip` },
    });
    statuses.push(await send('/mcp', { method: 'POST', headers, body }));
    assert.ok(statuses.includes(201) && statuses.every((status) => status !== 500), statuses.join());
    const paths = [...new Set(readFileSync(pathLog, 'utf8').trim().split('\n'))].map((line) =>
      String(JSON.parse(line)),
    );
    assert.ok(
      paths.some((path) => path.startsWith(join(folder, 'scratch', 'upload-'))),
      'an upload was spooled',
    );
    assert.deepEqual(
      paths.filter((path) => path.includes(marker)),
      [],
    );
  });

  it('ends its worker processes when it is killed', async function () {
    if (process.platform !== 'linux') this.skip();
    const server = launch();
    const { healthPort } = await ready(server);
    const health = `http://127.0.0.1:${healthPort}/health/detailed`;
    const workers = async () => ((await (await fetch(health)).json()) as { workers: { processes: number } }).workers;
    await waitUntil('a worker', async () => (await workers()).processes === 1, { timeoutMs: 5_000 });
    const { readFileSync, existsSync } = await import('node:fs');
    const path = `/proc/${server.child.pid}/task/${server.child.pid}/children`;
    const children = readFileSync(path, 'utf8').trim().split(' ');
    assert.equal(children.length, 1);
    server.child.kill('SIGKILL');
    await server.exited;
    const alive = (pid: string): boolean =>
      existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await waitUntil('the worker to end', () => !children.some(alive), { timeoutMs: 5_000 });
  });
});

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
