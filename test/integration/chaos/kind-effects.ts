/**
 * The effect of each kind as a client or the engine sees it. The same check runs while the fault is
 * active and after the revert.
 */
import assert from 'node:assert/strict';
import type { FaultKind, FaultParams, Target } from '@encore/contracts';
import { askDatabase, get } from './outside-view.ts';
import { memoryBytes, type ToyLab } from './toy-programs.ts';

export interface KindEffect {
  kind: FaultKind;
  target: Target;
  params?: FaultParams;
  /** Throws unless the effect is present (`held`) or absent. */
  check(lab: ToyLab, held: boolean): Promise<void>;
  /** Activity without which the fault has no effect; repeated until the injection is over. */
  meanwhile?(lab: ToyLab): Promise<unknown>;
  /** Only where the engine supports it. */
  dockerOnly?: boolean;
}

/** Asserts a delay of at least `heldMs` while active, and below `freeMs` otherwise. */
function delay(ms: number | null, held: boolean, heldMs: number, freeMs: number): void {
  assert.ok(ms !== null, 'no response');
  if (held) assert.ok(ms >= heldMs, `${ms} ms, expected ${heldMs} or more`);
  else assert.ok(ms < freeMs, `${ms} ms, expected less than ${freeMs}`);
}

const client = (lab: ToyLab, path?: string, timeoutMs?: number) => get(lab.serverProxy, path, timeoutMs);
const both: Target[] = ['server:8000', 'postgres:5432'];
const ask = (lab: ToyLab, target: Target, timeoutMs?: number) =>
  target === 'server:8000' ? client(lab, '/', timeoutMs) : askDatabase(lab.postgresProxy, timeoutMs);

const onBothProxies = (
  kind: FaultKind,
  check: (lab: ToyLab, target: Target, held: boolean) => Promise<void>,
): KindEffect[] => both.map((target) => ({ kind, target, check: (lab, held) => check(lab, target, held) }));

const paused = (kind: FaultKind): KindEffect => ({
  kind,
  target: 'server',
  check: async (lab, held) => {
    const view = await get(lab.server, '/', 800);
    // The kernel accepts connections of a frozen program, so a probe that only connects notices
    // nothing.
    assert.ok(view.connectMs !== null);
    assert.equal(view.error, held ? 'silent' : null);
  },
});

export const kindEffects: KindEffect[] = [
  ...onBothProxies('latency', async (lab, target, held) => delay((await ask(lab, target)).firstByteMs, held, 290, 200)),
  ...onBothProxies('jitter', async (lab, target, held) => delay((await ask(lab, target)).firstByteMs, held, 45, 40)),
  {
    kind: 'bandwidth',
    target: 'server:8000',
    check: async (lab, held) => delay((await client(lab, '/big')).totalMs, held, 400, 250),
  },
  {
    kind: 'slow-close',
    target: 'server:8000',
    check: async (lab, held) => {
      const from = performance.now();
      await askForClose(lab);
      delay(performance.now() - from, held, 900, 300);
    },
  },
  {
    kind: 'slicer',
    target: 'server:8000',
    check: async (lab, held) => {
      const { chunks, bytes } = await client(lab);
      assert.ok(held ? chunks >= bytes / 128 : chunks <= 2, `${bytes} bytes in ${chunks} chunks`);
    },
  },
  {
    kind: 'limit-data',
    target: 'server:8000',
    check: async (lab, held) => {
      const { bytes, error } = await client(lab, '/big');
      if (held) assert.ok(bytes <= 2_048 && error !== null, `${bytes} bytes, then ${error}`);
      else assert.deepEqual([bytes, error], [65_536, null]);
    },
  },
  ...onBothProxies('timeout', async (lab, target, held) => {
    const view = await ask(lab, target, 800);
    assert.ok(view.connectMs !== null);
    assert.equal(view.error, held ? 'silent' : null);
  }),
  ...onBothProxies('reset-peer', async (lab, target, held) => {
    assert.equal((await ask(lab, target)).error, held ? 'ECONNRESET' : null);
  }),
  ...onBothProxies('connection-refused', async (lab, target, held) => {
    assert.equal((await ask(lab, target)).error, held ? 'ECONNREFUSED' : null);
  }),
  paused('freeze'),
  {
    kind: 'slow-start',
    target: 'server',
    check: async (lab, held) => {
      const { error } = await get(lab.server, '/', 800);
      // On a busy machine it may listen before it is paused; then the kernel accepts connections.
      if (held) assert.ok(error === 'ECONNREFUSED' || error === 'silent', String(error));
      else assert.equal(error, null);
    },
  },
  paused('hang'),
  {
    kind: 'memory-cap',
    target: 'server',
    check: async (lab, held) => {
      const { limit } = JSON.parse((await get(lab.server, '/self')).text) as { limit: number };
      // The kernel's file, read by the program inside.
      if (held) assert.ok(limit < memoryBytes * 0.95, `limit ${limit}`);
      else assert.equal(limit, memoryBytes);
    },
  },
  {
    kind: 'cpu-throttle',
    target: 'server',
    meanwhile: (lab) => get(lab.server, '/burn', 8_000),
    check: async (lab, held) => delay((await get(lab.server, '/burn', 8_000)).totalMs, held, 500, 480),
  },
  {
    kind: 'memory-pressure',
    target: 'server',
    dockerOnly: true,
    check: async (lab, held) => {
      const { used } = JSON.parse((await get(lab.server, '/self')).text) as { used: number };
      if (held) assert.ok(used > memoryBytes * 0.55, `used ${used}`);
      else assert.ok(used < memoryBytes * 0.45, `used ${used}`);
    },
  },
  {
    kind: 'disk-full',
    target: 'server',
    dockerOnly: true,
    check: async (lab, held) => assert.equal((await get(lab.server, '/spool')).text, held ? 'ENOSPC' : 'spooled'),
  },
  {
    kind: 'traffic-spike',
    target: 'server',
    params: { requestsPerSecond: 60 },
    check: async (lab, held) => {
      const count = async () => (JSON.parse((await get(lab.server, '/self')).text) as { count: number }).count;
      const before = await count();
      await new Promise((done) => setTimeout(done, 1_000));
      const perSecond = (await count()) - before;
      assert.ok(held ? perSecond > 20 : perSecond < 10, `${perSecond} requests per second`);
    },
  },
  {
    kind: 'partition',
    target: 'server',
    dockerOnly: true,
    check: async (lab, held) => {
      const view = await client(lab, '/', 2_000);
      if (held) return assert.equal(view.bytes, 0, view.text);
      assert.equal(view.error, null);
      const { NetworkSettings } = await lab.container('server').inspect();
      const names = Object.values(NetworkSettings.Networks).flatMap(({ Aliases }) => Aliases ?? []);
      assert.ok(names.includes('server'), `it is called ${names.join(', ')}`);
    },
  },
  {
    kind: 'freeze',
    target: 'postgres',
    check: async (lab, held) => {
      const view = await askDatabase(lab.database, 800);
      assert.ok(view.connectMs !== null);
      assert.equal(view.error, held ? 'silent' : null);
    },
  },
  {
    kind: 'outage',
    target: 'postgres',
    params: { until: 'revert' },
    check: async (lab, held) => {
      const { State } = await lab.container('postgres').inspect();
      assert.equal(State.Status, held ? 'exited' : 'running');
      assert.equal((await askDatabase(lab.database, 500)).bytes, held ? 0 : 1);
    },
  },
];

/** The response arrives at once; only the end of the connection is late. */
async function askForClose(lab: ToyLab): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect(lab.serverProxy.port, lab.serverProxy.host);
  socket.end('GET / HTTP/1.1\r\nhost: toy\r\nconnection: close\r\n\r\n');
  socket.resume();
  await new Promise<void>((done) => socket.once('close', () => done()));
}
