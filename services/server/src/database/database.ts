/**
 * PostgreSQL with deadlines: a database that is gone, silent or full is an honest 503 within seconds, never a wait.
 * A connection on which anything failed is thrown away.
 */
import { describeError, EncoreError } from '@encore/kit';
import pg from 'pg';
import { schemaLock, schemaStatements } from './schema.ts';

export interface DatabaseOptions {
  url: string;
  connections: number;
  connectTimeoutMs: number;
  queryTimeoutMs: number;
  /** A connection that was idle broke, or a query failed for want of a database. */
  onFailure: (error: unknown) => void;
}

export type Row = Record<string, unknown>;

export class Database implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.connections,
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.queryTimeoutMs,
      // The server side gives up first, so that an abandoned statement does not go on.
      statement_timeout: Math.max(1, options.queryTimeoutMs - 500),
      idle_in_transaction_session_timeout: options.queryTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      application_name: 'encore-server',
    });
    // Without a listener, an idle connection that breaks would end the process.
    this.#pool.on('error', options.onFailure);
  }

  /** One statement, which is one transaction: when this resolves, it is committed. */
  async query(text: string, values: unknown[] = [], signal?: AbortSignal): Promise<Row[]> {
    signal?.throwIfAborted();
    try {
      const result = await this.#pool.query<Row>(text, values);
      return result.rows;
    } catch (error) {
      throw this.#classify(error);
    }
  }

  /** Safe to call again and again; the lock makes a second server wait. */
  async migrate(): Promise<void> {
    await this.query(`begin; select pg_advisory_xact_lock(${schemaLock}); ${schemaStatements} commit;`);
  }

  get stats(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  #classify(error: unknown): EncoreError {
    if (error instanceof pg.DatabaseError && !meansUnavailable(error.code)) {
      return new EncoreError('INTERNAL', `the database refused a statement: ${describeError(error)}`, { cause: error });
    }
    this.#options.onFailure(error);
    return databaseUnavailable(error);
  }
}

/** `definite` when PostgreSQL itself said that the statement failed: then its transaction is gone. */
function databaseUnavailable(error: unknown): EncoreError {
  const saidNo = error instanceof pg.DatabaseError && error.severity === 'ERROR';
  const neverSent = error instanceof Error && /connect|ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(error.message);
  return new EncoreError('DATABASE_UNAVAILABLE', 'the database does not answer; try again', {
    status: 503,
    definite: saidNo || neverSent,
    cause: error,
  });
}

/** SQLSTATE classes: connection, insufficient resources (disk full, too many connections), operator intervention, system error. */
function meansUnavailable(code: string | undefined): boolean {
  return code === undefined || /^(08|53|57|58|25006|55P03|40)/.test(code);
}
