/**
 * PostgreSQL with deadlines: a database that is unreachable, frozen or full results in a 503 within
 * seconds. A connection on which a statement failed is discarded.
 *
 *   slot ──▶ connection, retried until the connect timeout ──▶ statement, once
 *
 * Connections often break together, for example when the database restarts, and new ones may then
 * be refused for a moment. Only the statements in progress fail. Their failure does not count
 * against the breaker, because the next connection attempt shows whether the database is available.
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
  /** How long a refused connection is retried. */
  connectTimeoutMs: number;
  queryTimeoutMs: number;
  /** How long a query may wait while all connections are in use. */
  maxWaitMs: number;
  breaker: CircuitBreaker;
  /**
   * Called when an idle connection breaks and when a query fails because the database is
   * unavailable.
   */
  onFailure: (error: unknown) => void;
}

/** A database that restarts refuses connections for about 100 ms, so the next attempt is soon. */
const connectRetryMs = 50;
/** Statements usually take milliseconds. When they are slow, the semaphore refuses earlier. */
const queuedPerConnection = 20;
/**
 * Even if all large transfers wait for slow clients or a slow disk, seven of ten connections serve
 * small requests.
 */
const bulkShare = 0.3;
/** More than the requests that can be active and queued at once; the deadline limits the wait. */
const maxQueuedBulk = 1_000;

/** No connection was established in time, so nothing was sent. */
class NotConnected extends Error {
  constructor(cause: unknown) {
    super(describeError(cause), { cause });
  }
}

/** An established connection ended while a statement was in progress. */
class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super(describeError(cause), { cause });
  }
}

export type Row = Record<string, unknown>;

export class Database implements AsyncDisposable {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;
  /**
   * Waiting while all connections are busy is our own overload, not a failure of the database. The
   * pool's own queue is therefore never used.
   */
  readonly #slots: Semaphore;
  /**
   * Large scores get only some of the connections, so that many transfers do not delay small
   * requests.
   */
  readonly #bulkSlots: Semaphore;
  /** Connections on which a statement has succeeded. */
  readonly #proven = new WeakSet<pg.PoolClient>();
  #ping: Promise<boolean> | null = null;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#slots = new Semaphore({
      slots: options.connections,
      maxQueued: options.connections * queuedPerConnection,
      maxWaitMs: options.maxWaitMs,
      refuse: () => overloaded('all database connections are in use'),
    });
    this.#bulkSlots = new Semaphore({
      slots: Math.max(1, Math.floor(options.connections * bulkShare)),
      maxQueued: maxQueuedBulk,
      maxWaitMs: options.maxWaitMs * 10,
      refuse: () => overloaded('too many large scores are being transferred'),
    });
    this.#pool = new pg.Pool({
      connectionString: options.url,
      // One more than there are slots, so that the health check never waits for users.
      max: options.connections + 1,
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.queryTimeoutMs,
      // PostgreSQL times out first, so that no abandoned statement keeps running.
      statement_timeout: Math.max(1, options.queryTimeoutMs - 500),
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      application_name: 'encore-server',
    });
    // Without a listener, a broken idle connection would end the process.
    this.#pool.on('error', options.onFailure);
  }

  /**
   * Runs one statement as one transaction; it is committed when this resolves. Rejects with
   * DATABASE_UNAVAILABLE, OVERLOADED, or INTERNAL if PostgreSQL rejects the statement.
   */
  async query(text: string, values: unknown[] = [], signal?: AbortSignal): Promise<Row[]> {
    return this.#slots.run(async () => {
      try {
        return await this.#options.breaker.run(() => this.#execute(text, values));
      } catch (error) {
        throw error instanceof BreakerOpen ? databaseUnavailable(error, true) : this.#classify(error);
      }
    }, signal);
  }

  /** For all chunks of a score except the first. */
  bulkQuery(text: string, values: unknown[], signal?: AbortSignal): Promise<Row[]> {
    return this.#bulkSlots.run(() => this.query(text, values, signal), signal);
  }

  /**
   * Whether the database responds. Bypasses the breaker and the slots; concurrent calls share one
   * query.
   */
  ping(timeoutMs: number): Promise<boolean> {
    this.#ping ??= this.#pool.query({ text: 'select 1', query_timeout: timeoutMs } as pg.QueryConfig).then(
      () => true,
      () => false,
    );
    const ping = this.#ping;
    void ping.then(() => {
      if (this.#ping === ping) this.#ping = null;
    });
    return ping;
  }

  /** Idempotent. The lock makes a second server wait. */
  async migrate(): Promise<void> {
    await this.query(`begin; select pg_advisory_xact_lock(${schemaLock}); ${schemaStatements} commit;`);
  }

  get stats(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#slots.queued };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #execute(text: string, values: unknown[]): Promise<Row[]> {
    const client = await this.#connect();
    const proven = this.#proven.has(client);
    let lost = false;
    let failed = true;
    // Without a listener, a broken connection would end the process.
    const onError = (): void => {
      lost = true;
    };
    client.on('error', onError);
    try {
      const { rows } = await client.query<Row>(text, values);
      this.#proven.add(client);
      failed = false;
      return rows;
    } catch (error) {
      throw proven && (lost || endsSession(error)) ? new ConnectionLost(error) : error;
    } finally {
      client.release(failed);
      client.off('error', onError);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const { clock, connectTimeoutMs } = this.#options;
    for (const until = clock.now() + connectTimeoutMs; ; await clock.sleep(connectRetryMs)) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        if (!meansUnavailable(error)) throw error;
        if (this.#pool.ending || clock.now() + connectRetryMs >= until) throw new NotConnected(error);
      }
    }
  }

  #classify(error: unknown): EncoreError {
    if (!meansUnavailable(error)) {
      return new EncoreError('INTERNAL', `the database rejected a statement: ${describeError(error)}`, {
        cause: error,
      });
    }
    this.#options.onFailure(error);
    // Definite: PostgreSQL reported the failure and rolled back, or the statement was never sent.
    const rejected = error instanceof pg.DatabaseError && !endsSession(error);
    return databaseUnavailable(error, rejected || error instanceof NotConnected);
  }
}

function databaseUnavailable(cause: unknown, definite: boolean): EncoreError {
  const message = 'the database is unavailable; try again';
  const error = new EncoreError('DATABASE_UNAVAILABLE', message, { cause });
  return definite ? error.asDefinite() : error;
}

/** Whether a query's error counts against the database. */
export function isDatabaseFailure(error: unknown): boolean {
  return meansUnavailable(error) && !(error instanceof ConnectionLost);
}

/**
 * True for every error that is not about the statement itself. By SQLSTATE: connection, resources
 * (disk full, too many connections), shutdown, system, lock.
 */
function meansUnavailable(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|53|57|58|25006|55P03|40)/.test(error.code ?? '08');
}

/**
 * Whether PostgreSQL closes the session: it shuts down, a backend crashed, or it has too many
 * connections.
 */
function endsSession(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity !== 'ERROR';
}
