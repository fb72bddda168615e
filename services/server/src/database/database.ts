/**
 * PostgreSQL with deadlines: a database that is gone, silent or full is an honest 503 within seconds, never a wait without end.
 * A connection on which anything failed is thrown away.
 *
 *   place ──▶ connection, asked for again until its time is up ──▶ statement, once
 *
 * Connections often break together, when what lies between is reconfigured or the database restarts, and then a new one may be refused for a
 * moment. Those whose statements were under way hear of it; the breaker does not, for the next connection tells whether there is a database.
 */
import { type Clock, describeError, EncoreError } from '@encore/kit';
import pg from 'pg';
import { BreakerOpen, type CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { overloaded, Semaphore } from '../resilience/semaphore.ts';
import { schemaLock, schemaStatements } from './schema.ts';

export interface DatabaseOptions {
  url: string;
  clock: Clock;
  connections: number;
  /** Until then a connection is asked for again when it was refused. */
  connectTimeoutMs: number;
  queryTimeoutMs: number;
  /** How long a query may wait for a connection while all are in use. */
  maxWaitMs: number;
  breaker: CircuitBreaker;
  /** A connection that was idle broke, or a query failed for want of a database. */
  onFailure: (error: unknown) => void;
}

const connectAgainMs = 50;
const queuedPerConnection = 20;
const bulkShare = 0.3;
const maxQueuedBulk = 1_000;

/** No connection could be had in time: nothing was sent. */
class NotConnected extends Error {
  constructor(cause: unknown) {
    super(describeError(cause), { cause });
  }
}

/** A connection that had worked ended while a statement was under way. */
class Broken extends Error {
  constructor(cause: unknown) {
    super(describeError(cause), { cause });
  }
}

export type Row = Record<string, unknown>;

export class Database implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;
  /** Waiting for a busy connection is our own overload, not a failure of the database: the pool itself never has a queue. */
  readonly #places: Semaphore;
  /** Chunks of large scores share a part of the connections, so that a few hundred transfers do not hold up small requests. */
  readonly #bulkPlaces: Semaphore;
  /** Connections on which a statement has been answered. */
  readonly #proven = new WeakSet<pg.PoolClient>();
  #ping: Promise<boolean> | null = null;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#places = new Semaphore({
      places: options.connections,
      maxQueued: options.connections * queuedPerConnection,
      maxWaitMs: options.maxWaitMs,
      refuse: () => overloaded('all database connections are in use'),
    });
    this.#bulkPlaces = new Semaphore({
      places: Math.max(1, Math.floor(options.connections * bulkShare)),
      maxQueued: maxQueuedBulk,
      maxWaitMs: options.maxWaitMs * 10,
      refuse: () => overloaded('too many large scores are on their way'),
    });
    this.#pool = new pg.Pool({
      connectionString: options.url,
      // One more than there are places: the health check never waits behind the users.
      max: options.connections + 1,
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
    return this.#places.run(async () => {
      try {
        return await this.#options.breaker.run(() => this.#ask(text, values));
      } catch (error) {
        throw error instanceof BreakerOpen ? databaseUnavailable(error, true) : this.#classify(error);
      }
    }, signal);
  }

  /** For all but the first chunk of a score. */
  bulkQuery(text: string, values: unknown[], signal?: AbortSignal): Promise<Row[]> {
    return this.#bulkPlaces.run(() => this.query(text, values, signal), signal);
  }

  /** Does the database answer now? Asked past the breaker and the users, and at most once at a time. */
  ping(timeoutMs: number): Promise<boolean> {
    this.#ping ??= this.#pool.query({ text: 'select 1', query_timeout: timeoutMs } as pg.QueryConfig).then(
      () => true,
      () => false,
    );
    const asked = this.#ping;
    void asked.then(() => {
      if (this.#ping === asked) this.#ping = null;
    });
    return asked;
  }

  /** Safe to call again and again; the lock makes a second server wait. */
  async migrate(): Promise<void> {
    await this.query(`begin; select pg_advisory_xact_lock(${schemaLock}); ${schemaStatements} commit;`);
  }

  get stats(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#places.queued };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #ask(text: string, values: unknown[]): Promise<Row[]> {
    const client = await this.#connect();
    const proven = this.#proven.has(client);
    let broke = false;
    let failed = true;
    // Without a listener, a connection that breaks would end the process.
    const onError = (): void => {
      broke = true;
    };
    client.on('error', onError);
    try {
      const { rows } = await client.query<Row>(text, values);
      this.#proven.add(client);
      failed = false;
      return rows;
    } catch (error) {
      throw proven && (broke || endsSession(error)) ? new Broken(error) : error;
    } finally {
      client.release(failed);
      client.off('error', onError);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const { clock, connectTimeoutMs } = this.#options;
    for (const until = clock.now() + connectTimeoutMs; ; await clock.sleep(connectAgainMs)) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        if (!meansUnavailable(error)) throw error;
        if (this.#pool.ending || clock.now() + connectAgainMs >= until) throw new NotConnected(error);
      }
    }
  }

  #classify(error: unknown): EncoreError {
    if (!meansUnavailable(error)) {
      return new EncoreError('INTERNAL', `the database refused a statement: ${describeError(error)}`, { cause: error });
    }
    this.#options.onFailure(error);
    // PostgreSQL itself said that the statement failed, so its transaction is gone; or the statement was never sent.
    const saidNo = error instanceof pg.DatabaseError && !endsSession(error);
    return databaseUnavailable(error, saidNo || error instanceof NotConnected);
  }
}

function databaseUnavailable(cause: unknown, definite: boolean): EncoreError {
  const message = 'the database does not answer; try again';
  return new EncoreError('DATABASE_UNAVAILABLE', message, { status: 503, definite, cause });
}

/** Whether a query's error counts against the database. */
export function isDatabaseFailure(error: unknown): boolean {
  return meansUnavailable(error) && !(error instanceof Broken);
}

/** Anything but a complaint about the statement. By SQLSTATE: connection, resources (disk full, too many connections), shutdown, system, lock. */
function meansUnavailable(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|53|57|58|25006|55P03|40)/.test(error.code ?? '08');
}

/** What PostgreSQL says before it hangs up: it shuts down, one of its processes crashed, it has too many connections. */
function endsSession(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity !== 'ERROR';
}
