/** Kills the generator during a write and reads everything back from its ledger. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStatusSchema } from '@encore/contracts';
import { callJson, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { z } from 'zod';
import { bareEnvironment } from '../../../test/support/command.ts';
import { LedgerState } from './ledger-state.ts';
import { FakeServer } from './testing/fake-server.ts';
import { testRequest } from './testing/load-bench.ts';

const listeningSchema = z.object({ url: z.string() });
const eventsSchema = z.object({ events: z.array(z.object({ event: z.record(z.string(), z.unknown()) })) });

describe('crash of the generator', function () {
  this.timeout(180_000);
  let fake: FakeServer;
  let runsDir: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    fake = await FakeServer.start();
    runsDir = await mkdtemp(join(tmpdir(), 'encore-crash-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await fake[Symbol.asyncDispose]();
    await rm(runsDir, { recursive: true, force: true });
  });

  async function startGenerator(): Promise<{ url: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      env: { ...bareEnvironment(), ENCORE_TARGET_URL: fake.url, ENCORE_RUNS_DIR: runsDir, ENCORE_PORT: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let log = '';
    child.stderr?.on('data', (piece: Buffer) => {
      log += piece.toString();
    });
    const url = await waitUntil(
      'the generator',
      () =>
        log
          .split('\n')
          .flatMap((line) => (line.includes('"listening"') ? [listeningSchema.parse(JSON.parse(line)).url] : []))[0],
      { timeoutMs: 60_000 },
    );
    return { url, child };
  }

  for (const killAfter of [40, 200]) {
    it(`leaves a complete ledger after ${killAfter} writes, which a new generator reads back`, async () => {
      const { url, child } = await startGenerator();
      let writes = 0;
      fake.hook = ({ name }) => {
        writes += name === 'PUT' ? 1 : 0;
        // Within a write, so that some take effect without an acknowledgement.
        if (writes === killAfter) child.kill('SIGKILL');
        return undefined;
      };
      await callJson(`${url}/run`, z.unknown(), { method: 'POST', body: testRequest, timeoutMs: 5_000 });
      const renew = () => callJson(`${url}/run/test-1`, z.unknown(), { method: 'PUT', body: {}, timeoutMs: 5_000 });
      const renewing = setInterval(() => void renew().catch(() => {}), 2_000);
      await once(child, 'exit');
      clearInterval(renewing);

      const state = await LedgerState.read(join(runsDir, 'test-1', 'ledger.ndjson'));
      assert.ok(state.problems.length <= 1, state.problems.join('\n'));
      for (const id of fake.scores.keys()) assert.ok(state.objects.has(id), `${id} was never intended`);
      for (const { id, acknowledged, open } of state.objects.values()) {
        if (acknowledged && open.length === 0) assert.equal(fake.scores.get(id)?.version, acknowledged.version);
      }

      const second = await startGenerator();
      const body = { final: true, runId: 'test-1' };
      await callJson(`${second.url}/read-back`, loadStatusSchema, { method: 'POST', body, timeoutMs: 5_000 });
      const done = await waitUntil(
        'the read-back',
        async () => {
          const page = await callJson(`${second.url}/events`, eventsSchema, { timeoutMs: 5_000 });
          return page.events.find(({ event }) => event['type'] === 'read_back_done')?.event;
        },
        { timeoutMs: 15_000 },
      );
      assert.equal(done['readBack'], done['acknowledged']);
      assert.ok(Number(done['acknowledged']) > 10);
      assert.deepEqual([done['lost'], done['corrupt'], done['duplicate'], done['phantom']], [0, 0, 0, 0]);
    });
  }
});
