/**
 * Where uploads wait until they are complete: small ones in memory, others in the bounded scratch folder. No database
 * connection is held while a slow client sends. The files have no name from the moment they exist, so that not even a
 * kill leaves one behind.
 *
 *   body ──▶ hash, head ──▶ memory ≤ 128 KiB │ nameless file ──▶ chunks for the database
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, EncoreError } from '@encore/kit';

const memoryBytes = 128 * 1024;

export interface Spooled extends AsyncDisposable {
  readonly bytes: number;
  readonly sha256: string;
  /** The first bytes, enough to tell the format. */
  readonly head: Buffer;
  chunks(chunkBytes: number): AsyncGenerator<Buffer>;
}

export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #headBytes: number;
  readonly #openNameless: (folder: string) => Promise<FileHandle>;
  #usedBytes = 0;

  constructor(folder: string, maxBytes: number, headBytes: number, openNameless = createNameless) {
    this.#folder = folder;
    this.#openNameless = openNameless;
    this.#maxBytes = maxBytes;
    this.#headBytes = headBytes;
    mkdirSync(folder, { recursive: true });
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  async receive(body: AsyncIterable<Buffer>): Promise<Spooled> {
    const hash = createHash('sha256');
    const held: Buffer[] = [];
    let file: FileHandle | null = null;
    let bytes = 0;
    let heldBytes = 0;
    let filedBytes = 0;
    const release = async (): Promise<void> => {
      this.#usedBytes -= filedBytes;
      filedBytes = 0;
      await file?.close();
    };
    try {
      let head: Buffer = Buffer.alloc(0);
      for await (const piece of body) {
        hash.update(piece);
        if (head.length < this.#headBytes)
          head = Buffer.concat([head, piece.subarray(0, this.#headBytes - head.length)]);
        bytes += piece.length;
        held.push(piece);
        heldBytes += piece.length;
        if (heldBytes <= memoryBytes) continue;
        if (this.#usedBytes + heldBytes > this.#maxBytes) throw spoolFull();
        this.#usedBytes += heldBytes;
        filedBytes += heldBytes;
        file ??= await this.#openNameless(this.#folder);
        await file.writev(held);
        held.length = 0;
        heldBytes = 0;
      }
      const rest = Buffer.concat(held);
      const opened = file;
      return {
        bytes,
        sha256: hash.digest('hex'),
        head,
        chunks: (chunkBytes) => readChunks(opened, filedBytes, rest, chunkBytes),
        [Symbol.asyncDispose]: release,
      };
    } catch (error) {
      await release();
      throw isFull(error) ? scratchFull(error) : error;
    }
  }
}

async function createNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

async function* readChunks(
  file: FileHandle | null,
  filedBytes: number,
  rest: Buffer,
  chunkBytes: number,
): AsyncGenerator<Buffer> {
  let position = 0;
  while (file && position < filedBytes) {
    // The rest in memory fits into the last chunk or follows it.
    const buffer = Buffer.alloc(Math.min(chunkBytes, filedBytes - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new EncoreError('INTERNAL', 'the spool file is shorter than what was written to it');
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  if (rest.length > 0) yield rest;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function scratchFull(error: unknown): EncoreError {
  return new EncoreError('SCRATCH_FULL', `no room for the upload: ${describeError(error)}`, {
    status: 503,
    definite: true,
  });
}

function spoolFull(): EncoreError {
  return new EncoreError('OVERLOADED', 'too many large uploads are on their way; try again', {
    status: 503,
    definite: true,
  });
}
