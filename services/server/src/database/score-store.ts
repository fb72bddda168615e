/** Scores in PostgreSQL, as chunks. What is acknowledged is committed; what is read has the hash that it was written with. */
import { createHash } from 'node:crypto';
import type { StoredScore } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { Database, Row } from './database.ts';

export const chunkBytes = 512 * 1024;

export interface ScoreHead {
  id: string;
  version: number;
  contentId: string;
  bytes: number;
  sha256: string;
  format: StoredScore['format'];
}

export interface Upload {
  id: string;
  /** Replace exactly this version; null creates. */
  expectedVersion: number | null;
  idempotencyKey: string | null;
  /** What was asked, when the bytes were made from it: the key then stands for this and not for the bytes. */
  request?: string;
  bytes: number;
  sha256: string;
  format: StoredScore['format'];
  /** In pieces of at most chunkBytes. */
  chunks: AsyncIterable<Uint8Array>;
}

export interface StoreEvents {
  onResolved: () => void;
  onCorrupt: (id: string) => void;
}

export class ScoreStore {
  readonly #database: Database;
  readonly #events: StoreEvents;

  constructor(database: Database, events: StoreEvents) {
    this.#database = database;
    this.#events = events;
  }

  async write(upload: Upload, signal: AbortSignal): Promise<StoredScore> {
    const contentId = await this.#stage(upload.chunks, signal);
    const row = await this.#publish(upload, contentId);
    const outcome = String(row['outcome']);
    if (outcome === 'key_mismatch') {
      throw keyMismatch();
    }
    if (outcome === 'exists') {
      throw new EncoreError('ALREADY_EXISTS', `score ${upload.id} exists; replace it with If-Match: "<version>"`, {
        status: 409,
        definite: true,
      });
    }
    if (outcome === 'version_mismatch') {
      const is = Number(row['version']) === 0 ? 'does not exist' : `is at version ${row['version']}`;
      throw new EncoreError('VERSION_MISMATCH', `score ${upload.id} ${is}, not at ${upload.expectedVersion}`, {
        status: 412,
        definite: true,
      });
    }
    return { ...storedFrom(row), id: upload.id, replayed: outcome === 'replayed' };
  }

  /** What became of the request that was sent with this key before; null when there was none. */
  async earlier(idempotencyKey: string, request: string, signal: AbortSignal): Promise<StoredScore | null> {
    const [row] = await this.#database.query(
      'select score_id, version, bytes, sha256, format, request from idempotency_keys where key = $1',
      [idempotencyKey],
      signal,
    );
    if (!row) return null;
    if (row['request'] !== request) throw keyMismatch();
    return { ...storedFrom(row), id: String(row['score_id']), replayed: true };
  }

  /** Throws NOT_FOUND. */
  async head(id: string, signal?: AbortSignal): Promise<ScoreHead> {
    const [row] = await this.#database.query(
      'select id, version, content_id, bytes, sha256, format from scores where id = $1',
      [id],
      signal,
    );
    if (!row) throw notFound(id);
    return { ...storedFrom(row), id, contentId: String(row['content_id']) };
  }

  /**
   * The bytes, in order. The last chunk is handed out only after the hash of the whole was right: whoever gets all of it
   * got what was stored, and a corrupt score of one chunk gives nothing at all.
   */
  async *read(head: ScoreHead, signal: AbortSignal): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let read = 0;
    for (let seq = 0; read < head.bytes; seq++) {
      const chunk = await this.#chunk(head, seq, signal);
      hash.update(chunk);
      read += chunk.length;
      if (read >= head.bytes && (read > head.bytes || hash.digest('hex') !== head.sha256)) throw this.#corrupt(head);
      yield chunk;
    }
  }

  /** False when there was none. */
  async delete(id: string, signal?: AbortSignal): Promise<boolean> {
    const rows = await this.#database.query(
      `with gone as (delete from scores where id = $1 returning content_id)
       update score_contents c set unused_since = now() from gone where c.content_id = gone.content_id returning 1`,
      [id],
      signal,
    );
    return rows.length > 0;
  }

  async list(prefix: string, after: string, limit: number, signal?: AbortSignal): Promise<StoredScore[]> {
    const rows = await this.#database.query(
      `select id, version, bytes, sha256, format from scores
       where starts_with(id, $1) and id > $2 and id >= $1 order by id limit $3`,
      [prefix, after, limit],
      signal,
    );
    return rows.map((row) => ({ ...storedFrom(row), id: String(row['id']), replayed: false }));
  }

  async #stage(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
    try {
      let contentId: string | null = null;
      let seq = 0;
      for await (const chunk of chunks) {
        if (contentId === null) {
          const [row] = await this.#database.query(
            `with content as (insert into score_contents default values returning content_id),
             chunk as (insert into score_chunks select content_id, 0, $1 from content)
             select content_id from content`,
            [chunk],
            signal,
          );
          contentId = String(row?.['content_id']);
        } else {
          await this.#database.bulkQuery(
            'insert into score_chunks values ($1, $2, $3)',
            [contentId, seq, chunk],
            signal,
          );
        }
        seq += 1;
      }
      if (contentId === null) throw new EncoreError('EMPTY', 'the body is empty', { status: 400, definite: true });
      return contentId;
    } catch (error) {
      // Nothing that was only staged can be seen by anybody.
      throw error instanceof EncoreError ? madeDefinite(error) : error;
    }
  }

  /** When the answer to a keyed write is lost, asking again with the same key tells what became of it. */
  async #publish(upload: Upload, contentId: string): Promise<Row> {
    try {
      return await this.#callPublish(upload, contentId);
    } catch (error) {
      const unknown = error instanceof EncoreError && error.code === 'DATABASE_UNAVAILABLE' && !error.definite;
      if (!unknown || upload.idempotencyKey === null) throw error;
      // A second refusal must not turn "unknown" into "surely not".
      const row = await this.#callPublish(upload, contentId).catch(() => {
        throw error;
      });
      this.#events.onResolved();
      return row['outcome'] === 'replayed' ? { ...row, outcome: 'written' } : row;
    }
  }

  async #callPublish(upload: Upload, contentId: string): Promise<Row> {
    const { id, expectedVersion, idempotencyKey, bytes, sha256, format, request = null } = upload;
    const [row] = await this.#database.query('select * from publish_score($1, $2, $3, $4, $5, $6, $7, $8)', [
      id,
      expectedVersion,
      idempotencyKey,
      contentId,
      bytes,
      sha256,
      format,
      request,
    ]);
    if (!row) throw new EncoreError('INTERNAL', 'publish_score gave no row');
    return row;
  }

  async #chunk(head: ScoreHead, seq: number, signal: AbortSignal): Promise<Buffer> {
    const text = 'select data from score_chunks where content_id = $1 and seq = $2';
    const values = [head.contentId, seq];
    const database = this.#database;
    const [row] = await (seq === 0 ? database.query(text, values, signal) : database.bulkQuery(text, values, signal));
    const data = row?.['data'];
    if (!Buffer.isBuffer(data)) throw this.#corrupt(head);
    return data;
  }

  #corrupt(head: ScoreHead): EncoreError {
    this.#events.onCorrupt(head.id);
    return new EncoreError('CORRUPT', `the stored bytes of score ${head.id} do not have the hash ${head.sha256}`, {
      definite: true,
    });
  }
}

export function notFound(id: string): EncoreError {
  return new EncoreError('NOT_FOUND', `there is no score ${id}`, { status: 404, definite: true });
}

function keyMismatch(): EncoreError {
  return new EncoreError(
    'IDEMPOTENCY_MISMATCH',
    'this Idempotency-Key was used for another request: another score, or another body',
    { status: 422, definite: true },
  );
}

function storedFrom(row: Row): Omit<StoredScore, 'id' | 'replayed'> {
  return {
    version: Number(row['version']),
    bytes: Number(row['bytes']),
    sha256: String(row['sha256']),
    format: row['format'] as StoredScore['format'],
  };
}

function madeDefinite(error: EncoreError): EncoreError {
  return new EncoreError(error.code, error.message, { status: error.status, definite: true, cause: error.cause });
}
