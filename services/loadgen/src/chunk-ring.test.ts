/** Uploads through readers of every pace arrive byte for byte, although their chunks are used again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@encore/kit';
import { afterEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { chunkRing } from './chunk-ring.ts';
import { exchange } from './exchange.ts';
import { describeScore, scoreChunks } from './score-generator.ts';

describe('chunk ring', function () {
  this.timeout(20_000);
  let server: Server | undefined;
  let pool: Pool | undefined;
  afterEach(async () => {
    await pool?.destroy();
    server?.closeAllConnections();
    server?.close();
  });

  /** Answers with the hash of what came, reading as `pace` lets it. */
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
    const body = { bytes, content: () => scoreChunks(recipe, chunkRing()) };
    const request = { method: 'PUT', path: '/', headers: {}, body, read: 'text' } as const;
    const end = await exchange(pool, request, {
      deadlineAt: systemClock.now() + 15_000,
      headersTimeoutMs: 15_000,
      bodyTimeoutMs: 15_000,
      cancel: new AbortController().signal,
      now: systemClock.now,
    });
    return end.how === 'answered' ? end.answer.text : end.how;
  }

  const paces: Record<string, (chunk: number) => Promise<unknown>> = {
    'as fast as it comes': async () => {},
    'a little slower than it comes': () => systemClock.sleep(1),
    'in fits and starts': (chunk) => (chunk % 40 === 0 ? systemClock.sleep(50) : Promise.resolve()),
  };
  for (const [name, pace] of Object.entries(paces)) {
    it(name, async () => {
      const recipe = { seed: name, targetBytes: 20_000_000 };
      assert.equal(await hashOfUpload(recipe, pace), (await describeScore(recipe)).sha256);
    });
  }
});
