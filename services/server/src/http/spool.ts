/**
 * Buffers uploads until they are complete: small ones in memory, others in the scratch folder, up
 * to a limit. No database connection is occupied while a slow client sends. The files are unlinked
 * as soon as they are open, so that even a kill leaves none behind.
 *
 *   body ──▶ hash, head ──▶ memory ≤ 128 KB │ unlinked file ──▶ chunks for the database
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
  /** The first bytes, enough to detect the format. */
  readonly head: Buffer;
  chunks(chunkBytes: number): AsyncGenerator<Buffer>;
}

export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #headBytes: number;
  readonly #openUnlinked: (folder: string) => Promise<FileHandle>;
  #usedBytes = 0;

  constructor(folder: string, maxBytes: number, headBytes: number, openUnlinked = createUnlinked) {
    this.#folder = folder;
    this.#openUnlinked = openUnlinked;
    this.#maxBytes = maxBytes;
    this.#headBytes = headBytes;
    mkdirSync(folder, { recursive: true });
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Throws OVERLOADED if the spool is full, SCRATCH_FULL if the disk is, and the errors of `body`.
   */
  async receive(body: AsyncIterable<Buffer>): Promise<Spooled> {
    const hash = createHash('sha256');
    const buffered: Buffer[] = [];
    let file: FileHandle | null = null;
    let bytes = 0;
    let bufferedBytes = 0;
    let fileBytes = 0;
    const release = async (): Promise<void> => {
      this.#usedBytes -= fileBytes;
      fileBytes = 0;
      await file?.close();
    };
    try {
      let head: Buffer = Buffer.alloc(0);
      for await (const piece of body) {
        hash.update(piece);
        if (head.length < this.#headBytes)
          head = Buffer.concat([head, piece.subarray(0, this.#headBytes - head.length)]);
        bytes += piece.length;
        buffered.push(piece);
        bufferedBytes += piece.length;
        if (bufferedBytes <= memoryBytes) continue;
        if (this.#usedBytes + bufferedBytes > this.#maxBytes) throw spoolFull();
        this.#usedBytes += bufferedBytes;
        fileBytes += bufferedBytes;
        file ??= await this.#openUnlinked(this.#folder);
        await file.writev(buffered);
        buffered.length = 0;
        bufferedBytes = 0;
      }
      const rest = Buffer.concat(buffered);
      const opened = file;
      return {
        bytes,
        sha256: hash.digest('hex'),
        head,
        chunks: (chunkBytes) => readChunks(opened, fileBytes, rest, chunkBytes),
        [Symbol.asyncDispose]: release,
      };
    } catch (error) {
      await release();
      throw isFull(error) ? scratchFull(error) : error;
    }
  }
}

async function createUnlinked(folder: string): Promise<FileHandle> {
  const path = join(folder, `upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

async function* readChunks(
  file: FileHandle | null,
  fileBytes: number,
  rest: Buffer,
  chunkBytes: number,
): AsyncGenerator<Buffer> {
  let position = 0;
  while (file && position < fileBytes) {
    // The rest, which is in memory, follows as its own chunk.
    const buffer = Buffer.alloc(Math.min(chunkBytes, fileBytes - position));
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
  return new EncoreError('SCRATCH_FULL', `the scratch folder has no space for the upload: ${describeError(error)}`);
}

function spoolFull(): EncoreError {
  return new EncoreError('OVERLOADED', 'too many large uploads are in progress; try again');
}
