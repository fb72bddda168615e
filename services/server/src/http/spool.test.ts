import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncoreError } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Spool } from './spool.ts';

const kibibyte = 1024;

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('Spool', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-spool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('returns the uploaded bytes in chunks of at most the given size', async () => {
    const spool = new Spool(folder, 8 * kibibyte * kibibyte, 100);
    for (const [length, size] of [
      [1, 1],
      [100 * kibibyte, 1_000],
      [128 * kibibyte, 64 * kibibyte],
      [700 * kibibyte + 7, 65_521],
      [2_048 * kibibyte, 300_000],
    ] as const) {
      const bytes = randomBytes(length);
      await using spooled = await spool.receive(pieces(bytes, size));
      const chunks: Buffer[] = [];
      for await (const chunk of spooled.chunks(256 * kibibyte)) chunks.push(chunk);
      assert.ok(Buffer.concat(chunks).equals(bytes), `${length} bytes`);
      assert.ok(chunks.every((chunk) => chunk.length <= 256 * kibibyte && chunk.length > 0));
      assert.equal(spooled.sha256, createHash('sha256').update(bytes).digest('hex'));
      assert.ok(spooled.head.equals(bytes.subarray(0, 100)));
    }
    assert.equal(spool.usedBytes, 0);
  });

  it('leaves no file name in the folder, even during an upload', async () => {
    const spool = new Spool(folder, 8 * kibibyte * kibibyte, 100);
    await using spooled = await spool.receive(pieces(randomBytes(600 * kibibyte), 64 * kibibyte));
    assert.ok(spool.usedBytes > 400 * kibibyte, 'it is in a file');
    assert.equal(spooled.bytes, 600 * kibibyte);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('refuses an upload that does not fit until space is free again', async () => {
    const spool = new Spool(folder, 1_000 * kibibyte, 100);
    const upload = (): ReturnType<Spool['receive']> =>
      spool.receive(pieces(randomBytes(700 * kibibyte), 64 * kibibyte));
    const first = await upload();
    await assert.rejects(upload(), (error) => {
      assert.ok(error instanceof EncoreError);
      assert.deepEqual([error.code, error.status, error.definite], ['OVERLOADED', 503, true]);
      return true;
    });
    // Small uploads need no scratch space.
    await (await spool.receive(pieces(randomBytes(100 * kibibyte), 1_000)))[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await (await upload())[Symbol.asyncDispose]();
    assert.equal(spool.usedBytes, 0);
  });

  it('releases its space when the client disconnects', async () => {
    const spool = new Spool(folder, 1_000 * kibibyte, 100);
    async function* broken(): AsyncGenerator<Buffer> {
      yield* pieces(randomBytes(600 * kibibyte), 64 * kibibyte);
      throw new Error('gone');
    }
    await assert.rejects(spool.receive(broken()), /gone/);
    assert.equal(spool.usedBytes, 0);
  });

  it('reports a full disk', async function () {
    // /dev/full always returns ENOSPC, like a full disk.
    if (process.platform !== 'linux') this.skip();
    const spool = new Spool(folder, 8 * kibibyte * kibibyte, 100, () => open('/dev/full', 'r+'));
    await assert.rejects(spool.receive(pieces(randomBytes(600 * kibibyte), 64 * kibibyte)), (error) => {
      assert.ok(error instanceof EncoreError);
      assert.deepEqual([error.code, error.status, error.definite], ['SCRATCH_FULL', 503, true]);
      return true;
    });
    assert.equal(spool.usedBytes, 0);
  });
});
