/** Uploads to readers of any speed arrive intact although chunks are reused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@encore/kit';
import { chunkRing } from '@encore/workload-music/chunk-ring';
import { describeScore, scoreChunks } from '@encore/workload-music/score-generator';
import { afterEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { exchange } from './exchange.ts';

describe('chunk ring', function () {
  this.timeout(20_000);
  let server: Server | undefined;
  let pool: Pool | undefined;
  afterEach(async () => {
    await pool?.destroy();
    server?.closeAllConnections();
    server?.close();
  });

  /** Returns the hash of the body that a server read at this pace. */
  async function hashOfUpload(
    recipe: { seed: string; targetBytes: number },
    pace: (chunk: number) => Promise<unknown>,
  ) {
    server = createServer(async (request, response) => {
      const hash = createHash('sha256');
      let count = 0;
      for await (const piece of request as AsyncIterable<Buffer>) {
        hash.update(piece);
        count += 1;
        await pace(count);
      }
      response.end(hash.digest('hex'));
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
    const { bytes } = await describeScore(recipe);
    const body = { bytes, chunks: () => scoreChunks(recipe, chunkRing()) };
    const request = { method: 'PUT', path: '/', body } as const;
    const end = await exchange(pool, request, {
      deadlineAt: systemClock.now() + 15_000,
      headersTimeoutMs: 15_000,
      bodyTimeoutMs: 15_000,
      cancel: new AbortController().signal,
      now: systemClock.now,
    });
    return end.kind === 'answered' ? end.response.text : end.kind;
  }

  const paces: Record<string, (chunk: number) => Promise<unknown>> = {
    'reads at full speed': async () => {},
    'reads slowly': () => systemClock.sleep(1),
    'reads with long pauses': (chunk) => (chunk % 40 === 0 ? systemClock.sleep(50) : Promise.resolve()),
  };
  for (const [name, pace] of Object.entries(paces)) {
    it(`sends intact chunks to a server that ${name}`, async () => {
      const recipe = { seed: name, targetBytes: 20_000_000 };
      assert.equal(await hashOfUpload(recipe, pace), (await describeScore(recipe)).sha256);
    });
  }
});
