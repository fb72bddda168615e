/** Produces every outcome with a real socket and an export of the music workload. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Outcome, outcomes } from '@encore/contracts';
import { Random, systemClock, waitUntil } from '@encore/kit';
import { type LiveScore, newScore } from '@encore/workload-music/live-score';
import { getRequest } from '@encore/workload-music/operations';
import { describeScore, scoreText } from '@encore/workload-music/score-generator';
import { errorFormat } from '@encore/workload-music/server-errors';
import { afterEach, before, describe, it } from 'mocha';
import { type Dispatcher, Pool } from 'undici';
import { testTransport } from '../testing/test-operation.ts';
import { runStep, type StepRecord } from '../worker/step.ts';

/** What the server side of the socket does when the request arrives. */
type Behaviour = (socket: Socket) => void;

interface Case {
  outcome: Outcome;
  name: string;
  does: Behaviour;
  limits?: { deadlineMs?: number; headersTimeoutMs?: number; bodyTimeoutMs?: number };
}

const json = (status: string, body: unknown, headers = ''): Behaviour => {
  const text = JSON.stringify(body);
  return (socket) =>
    void socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${text.length}\r\n\r\n${text}`,
    );
};
const error = (code: string, definite = true) => ({ error: { code, message: 'from the test', definite } });
const begun = 'HTTP/1.1 200 OK\r\nETag: "2"\r\nContent-Length: 1000\r\n\r\n<score';

let score: LiveScore;
const exported = (version: number, body: () => string): Behaviour => {
  return (socket) => {
    const text = body();
    socket.end(`HTTP/1.1 200 OK\r\nETag: "${version}"\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  };
};
const correct = () => scoreText(score.known.recipe);

const cases: Case[] = [
  { outcome: 'ok', name: 'the score as acknowledged', does: exported(2, correct) },
  { outcome: 'shed', name: '503 OVERLOADED', does: json('503 Busy', error('OVERLOADED'), 'Retry-After: 1\r\n') },
  { outcome: 'shed', name: '429', does: json('429 Slow down', error('RATE_LIMITED'), 'Retry-After: 1\r\n') },
  { outcome: 'shed', name: '503 DRAINING', does: json('503 Stopping', error('DRAINING'), 'Retry-After: 1\r\n') },
  { outcome: 'shed', name: '503 of a proxy with Retry-After', does: json('503 Busy', {}, 'Retry-After: 1\r\n') },
  { outcome: 'breaker_open', name: '503 BREAKER_OPEN', does: json('503 Open', error('BREAKER_OPEN')) },
  { outcome: 'server_error', name: '500', does: json('500 Oops', error('INTERNAL', false)) },
  {
    outcome: 'server_error',
    name: '503 DATABASE_UNAVAILABLE',
    does: json('503 Down', error('DATABASE_UNAVAILABLE'), 'Retry-After: 1\r\n'),
  },
  { outcome: 'server_error', name: '502 of a proxy', does: json('502 Bad gateway', 'nginx') },
  { outcome: 'reset_before', name: 'a reset before a response', does: (socket) => socket.resetAndDestroy() },
  { outcome: 'reset_before', name: 'a clean close before a response', does: (socket) => socket.end() },
  {
    outcome: 'cut_mid_body',
    name: 'a reset within the body',
    does: (socket) => void socket.write(begun, () => setTimeout(() => socket.resetAndDestroy(), 20)),
  },
  { outcome: 'cut_mid_body', name: 'a clean close within the body', does: (socket) => void socket.end(begun) },
  {
    outcome: 'cut_mid_body',
    name: 'a clean close within chunks',
    does: (socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<scor\r\n'),
  },
  { outcome: 'header_timeout', name: 'no response', does: () => {}, limits: { headersTimeoutMs: 150 } },
  {
    outcome: 'body_timeout',
    name: 'a response that stalls',
    does: (socket) => void socket.write(begun),
    limits: { bodyTimeoutMs: 150 },
  },
  { outcome: 'deadline', name: 'no response before the deadline', does: () => {}, limits: { deadlineMs: 150 } },
  {
    outcome: 'deadline',
    name: 'a body that drips past the deadline',
    does: (socket) => {
      socket.write(begun);
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    },
    limits: { deadlineMs: 200 },
  },
  { outcome: 'protocol', name: 'data that is not HTTP', does: (socket) => void socket.end('SSH-2.0-x\r\n\r\n') },
  {
    outcome: 'protocol',
    name: 'endless headers',
    does: (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'X: yyyyyyyyy\r\n'),
  },
  { outcome: 'protocol', name: 'a redirect', does: json('302 Found', {}, 'Location: /\r\n') },
  { outcome: 'corrupt', name: 'an empty 200', does: exported(2, () => '') },
  { outcome: 'corrupt', name: 'a flipped byte', does: exported(2, () => correct().replace('<octave>4', '<octave>5')) },
  { outcome: 'corrupt', name: 'a truncated export', does: exported(2, () => correct().slice(0, -10)) },
  {
    outcome: 'corrupt',
    name: 'a truncated body without a length, which looks complete',
    does: (socket) => void socket.end(`HTTP/1.1 200 OK\r\nETag: "2"\r\n\r\n${correct().slice(0, 500)}`),
  },
  { outcome: 'corrupt', name: 'a version that was never written', does: exported(3, correct) },
  { outcome: 'stale', name: 'an older version', does: exported(1, correct) },
  {
    outcome: 'stale',
    name: 'older content under the new version',
    does: exported(2, () => scoreText(score.previous?.recipe ?? score.known.recipe)),
  },
  { outcome: 'stale', name: 'a missing acknowledged score', does: json('404 Not found', error('NOT_FOUND')) },
  { outcome: 'client_error_unexpected', name: '400', does: json('400 Bad', error('INVALID_INPUT')) },
];

function drip(socket: Socket, first: string, then: string): void {
  socket.write(first);
  socket.on('error', () => {});
  const timer = setInterval(() => socket.write(then.repeat(1_000)), 1);
  socket.on('close', () => clearInterval(timer));
}

/** Shortens the timeouts of each request. */
function withTimeouts(pool: Pool, { headersTimeoutMs = 1_000, bodyTimeoutMs = 1_000 }: NonNullable<Case['limits']>) {
  const timeouts = { headersTimeout: headersTimeoutMs, bodyTimeout: bodyTimeoutMs };
  const request = (options: Dispatcher.RequestOptions) => pool.request({ ...options, ...timeouts });
  return { request } as unknown as Dispatcher;
}

describe('classify outcome', () => {
  const opened: { close: () => unknown }[] = [];
  const children: ChildProcess[] = [];
  const seen = new Set<Outcome>();

  before(async () => {
    score = newScore('score-1', await describeScore({ seed: 'classify', targetBytes: 4_000 }));
    score.previous = await describeScore({ seed: 'before', targetBytes: 4_000 });
    score.version = 2;
  });

  afterEach(async () => {
    for (const { close } of opened.splice(0)) await close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function listen(behaviour: Behaviour): Promise<number> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => behaviour(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }

  async function outcomeOf(
    origin: string,
    limits: Case['limits'] = {},
    options: Pool.Options = {},
    cancel = new AbortController(),
  ) {
    const pool = new Pool(origin, { connect: { timeout: 300 }, ...options });
    opened.push({ close: () => pool.destroy() });
    let recorded: StepRecord | undefined;
    const onlyAttempt = new AbortController();
    const signals = AbortSignal.any([cancel.signal, onlyAttempt.signal]);
    await runStep(getRequest(score), '', {
      transport: testTransport(withTimeouts(pool, limits), {
        errors: errorFormat,
        cancel: signals,
        backoffMs: [60_000, 60_000],
      }),
      random: new Random(1),
      clientId: 'run-u1',
      nextAttemptId: () => 'op.1',
      deadlineAfter: () => systemClock.now() + (limits.deadlineMs ?? 5_000),
      attemptEnded: (record) => {
        recorded = record;
        // One attempt is enough.
        onlyAttempt.abort();
      },
    });
    assert.ok(recorded);
    const classified = recorded as StepRecord;
    seen.add(classified.outcome);
    return classified;
  }

  for (const { outcome, name, does, limits } of cases) {
    it(`${outcome}: ${name}`, async () => {
      const classified = await outcomeOf(`http://127.0.0.1:${await listen(does)}`, limits);
      assert.equal(classified.outcome, outcome, classified.detail);
    });
  }

  it('refused: a closed port', async () => {
    const port = await listen(() => {});
    for (const { close } of opened.splice(0)) await close();
    assert.equal((await outcomeOf(`http://127.0.0.1:${port}`)).outcome, 'refused');
  });

  it('connect_timeout: a host that does not complete the handshake', async () => {
    // A stopped process with a backlog of one: the kernel drops further connections.
    const code = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line);
    child.kill('SIGSTOP');
    const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    opened.push({ close: () => fillers.forEach((socket) => void socket.destroy()) });
    await waitUntil('a full queue', () => fillers.filter(({ connecting }) => !connecting).length >= 2, {
      timeoutMs: 2_000,
    });
    assert.equal((await outcomeOf(`http://127.0.0.1:${port}`)).outcome, 'connect_timeout');
  });

  it('dns: a host name that does not exist', async () => {
    assert.equal((await outcomeOf('http://encore.invalid')).outcome, 'dns');
  });

  it('cancelled_at_end: the run ends', async () => {
    const cancel = new AbortController();
    const port = await listen(() => cancel.abort());
    assert.equal((await outcomeOf(`http://127.0.0.1:${port}`, {}, {}, cancel)).outcome, 'cancelled_at_end');
  });

  it('not_started: no local address', async () => {
    const port = await listen(() => {});
    const classified = await outcomeOf(`http://127.0.0.1:${port}`, {}, { localAddress: '192.0.2.1' });
    assert.equal(classified.outcome, 'not_started', classified.detail);
  });

  it('covers all outcomes', () => {
    // Only the MCP client knows sessions; its test produces the outcome.
    const all = outcomes.filter((outcome) => outcome !== 'session_lost');
    assert.deepEqual([...seen].sort(), all.sort());
  });
});
