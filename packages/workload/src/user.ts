/** What the functions of a workload receive. */
import type { Random } from '@encore/kit/random';
import type { Http, RequestOrBuilder, Response } from './http.ts';

/** Settings of a workload with their defaults. A run may replace them (`load.parameters`). */
export type Parameters = Record<string, number | string | boolean>;

export interface RunInfo<P extends Parameters = Parameters> {
  /** Letters, digits, `_` and `-`; at most 64. */
  readonly runId: string;
  readonly parameters: Readonly<P>;
}

/** One of the simulated users. */
export interface UserInfo<P extends Parameters = Parameters> extends RunInfo<P> {
  /** From 1. */
  readonly number: number;
  /** How many users the run has. */
  readonly users: number;
  /** The weights of the operations in this run. */
  readonly mix: Readonly<Record<string, number>>;
  /** Seconds between the planned starts of two operations, drawn uniformly. */
  readonly thinkSeconds: Readonly<{ min: number; max: number }>;
  /**
   * Unique in the run and between runs, such as `20261129T1155-u3`; ids of objects start with it.
   */
  readonly id: string;
  /** A stream of random numbers of this user. The same seed gives the same numbers. */
  readonly random: Random;
}

/** What `plan` receives for each planned operation. */
export interface Planning<State, P extends Parameters = Parameters> extends Omit<UserInfo<P>, 'random'> {
  readonly operation: string;
  /** The operation's number within the user's plan, from 1. */
  readonly operationNumber: number;
  readonly state: State;
  /** The stream from which the load generator drew the operation and its time. */
  readonly random: Random;
}

/** What an operation receives. It is valid until the operation ends. */
export interface User<State = undefined, Plan = undefined, P extends Parameters = Parameters>
  extends Planning<State, P> {
  /** What `plan` returned for this operation. */
  readonly plan: Plan;
  /** Depends only on the seed, the user and the number of the operation. */
  readonly random: Random;
  readonly http: Http;
  readonly check: Check;
  /**
   * Writes an object and waits for its acknowledgement, a correct response. The ledger records the
   * intent on disk before the request is sent. At the end of the run, Encore reads back what was
   * acknowledged. A write whose outcome is unknown stays open until then.
   *
   * `id` identifies the object in `readBack`; take it from `newId()` unless you change an existing
   * object. `digest` is what `readBack` will return if this write is the last one (`digestOf`).
   */
  write(id: string, digest: string, request: RequestOrBuilder, options?: WriteOptions): Promise<Response>;
  /** Deletes an object. Like `write`; afterwards, `readBack` must find nothing. */
  remove(id: string, request: RequestOrBuilder): Promise<Response>;
  /** Returns a new id: the user's id followed by the operation's number. */
  newId(): string;
  /** Ends the operation before its first request; it counts as skipped. */
  skip(reason: string): never;
}

export interface WriteOptions {
  /**
   * The number of this write among those to the object, from 1, if the service counts them and
   * `readBack` returns that count. A higher count means that a write took effect twice.
   */
  version?: number;
}

/**
 * Fails the current attempt as `corrupt` unless the condition holds: within a request's `check` the
 * attempt that it checks, elsewhere the last one.
 */
export type Check = (condition: unknown, detail: string) => void;

/**
 * What `setup`, `readBack`, `list`, `remove` and `teardown` receive. Their requests are retried
 * until a deadline and not counted in any figure.
 */
export interface Context<P extends Parameters = Parameters> extends RunInfo<P> {
  readonly http: Http;
}
