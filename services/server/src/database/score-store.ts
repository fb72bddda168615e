/**
 * Stores scores in PostgreSQL as chunks. Acknowledged writes are committed, and reads verify the
 * hash of the bytes.
 */
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
  /** The version to replace; null creates a score. */
  expectedVersion: number | null;
  idempotencyKey: string | null;
  /**
   * What was requested, if the server computed the bytes: the key then identifies this instead of
   * the bytes.
   */
  request?: string;
  bytes: number;
  sha256: string;
  format: StoredScore['format'];
  /** At most chunkBytes each. */
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

  /**
   * Rejects with ALREADY_EXISTS, VERSION_MISMATCH, IDEMPOTENCY_MISMATCH, or an error of
   * Database.query.
   */
  async write(upload: Upload, signal: AbortSignal): Promise<StoredScore> {
    const contentId = await this.#stage(upload.chunks, signal);
    const row = await this.#publish(upload, contentId);
    const outcome = String(row['outcome']);
    if (outcome === 'key_mismatch') {
      throw keyMismatch();
    }
    if (outcome === 'exists') {
      throw new EncoreError('ALREADY_EXISTS', `score ${upload.id} exists; replace it with If-Match: "<version>"`);
    }
    if (outcome === 'version_mismatch') {
      const actual = Number(row['version']) === 0 ? 'does not exist' : `is at version ${row['version']}`;
      throw new EncoreError(
        'VERSION_MISMATCH',
        `score ${upload.id} ${actual}; expected version ${upload.expectedVersion}`,
      );
    }
    return { ...storedFrom(row), id: upload.id, replayed: outcome === 'replayed' };
  }

  /**
   * The result of the earlier request with this key, or null if there was none. Rejects with
   * IDEMPOTENCY_MISMATCH if the key belongs to a different request.
   */
  async findByKey(idempotencyKey: string, request: string, signal: AbortSignal): Promise<StoredScore | null> {
    const [row] = await this.#database.query(
      'select score_id, version, bytes, sha256, format, request from idempotency_keys where key = $1',
      [idempotencyKey],
      signal,
    );
    if (!row) return null;
    if (row['request'] !== request) throw keyMismatch();
    return { ...storedFrom(row), id: String(row['score_id']), replayed: true };
  }

  /** Rejects with NOT_FOUND. */
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
   * Yields the bytes in order. It yields the last chunk only if the hash of the whole score
   * matches, so a client that receives every byte has the stored bytes, and a corrupt score of one
   * chunk yields nothing.
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

  /** Returns false if there was no such score. */
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
      if (contentId === null) throw new EncoreError('EMPTY', 'the body is empty');
      return contentId;
    } catch (error) {
      // Staged chunks are invisible until they are published, so the write definitely did not
      // happen.
      throw error instanceof EncoreError ? error.asDefinite() : error;
    }
  }

  /** If the response to a write with a key is lost, repeats the call: the key makes that safe. */
  async #publish(upload: Upload, contentId: string): Promise<Row> {
    try {
      return await this.#callPublish(upload, contentId);
    } catch (error) {
      const unknown = error instanceof EncoreError && error.code === 'DATABASE_UNAVAILABLE' && !error.definite;
      if (!unknown || upload.idempotencyKey === null) throw error;
      // A failed repetition must not turn an unknown outcome into a definite one.
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
    if (!row) throw new EncoreError('INTERNAL', 'publish_score returned no row');
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
    return new EncoreError('CORRUPT', `the stored bytes of score ${head.id} do not match their hash ${head.sha256}`);
  }
}

export function notFound(id: string): EncoreError {
  return new EncoreError('NOT_FOUND', `there is no score ${id}`);
}

function keyMismatch(): EncoreError {
  return new EncoreError(
    'IDEMPOTENCY_MISMATCH',
    'this Idempotency-Key belongs to a different request (another score or body); use a new key',
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
