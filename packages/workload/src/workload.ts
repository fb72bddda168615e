/**
 * The definition of a workload: what users do, and what must be true afterwards.
 *
 *     export default defineWorkload({
 *       operations: {
 *         add: {
 *           weight: 1,
 *           run: async ({ newId, write, random }) => {
 *             const name = newId();
 *             const price = random.integer(1, 100);
 *             await write(name, digestOf(`${name} ${price}`), {
 *               method: 'PUT', path: `/items/${name}`, json: { price },
 *             });
 *           },
 *         },
 *       },
 *       probe: { request: { method: 'GET', path: '/health' } },
 *       readBack: async ({ http }, name) => {
 *         const response = await http.get(`/items/${name}`, { status: [200, 404] });
 *         if (response.status === 404) return null;
 *         const { price } = response.json() as { price: number };
 *         return digestOf(`${name} ${price}`);
 *       },
 *     });
 */
import type { Outcome } from '@encore/contracts/outcome';
import type { DataRequest } from './http.ts';
import type { Context, Parameters, Planning, RunInfo, User, UserInfo } from './user.ts';

export interface Operation<State, Plan, P extends Parameters> {
  /** How often it is drawn, relative to the others. A run may replace it (`load.mix`). */
  weight: number;
  /**
   * Performs the operation. The load generator calls it before its planned time and holds the first
   * request until then, so what it computes before then does not count as response time. It fails
   * if a request or a check fails.
   */
  run: (user: User<State, Plan, P>) => Promise<void> | void;
  /**
   * Milliseconds for all requests with their retries. Default: 30 s, plus 1 s for each 400 kB of
   * the requests' `bytes`.
   */
  deadlineMs?: number | ((plan: Plan) => number);
}

/** An object as the service has it. */
export interface StoredObject {
  digest: string;
  /** How many writes to it took effect, if the service counts them. */
  version?: number;
}

export interface ListedObject extends Partial<StoredObject> {
  id: string;
}

/** How the load generator recognizes a correct response outside the workload's worker. */
export interface ProbeExpectation {
  /** Default: any of 200 to 299. */
  status?: number;
  /** Each header must equal the text or match the expression. */
  headers?: Record<string, string | RegExp>;
  /** The SHA-256 of the body, in lowercase hexadecimal. */
  digest?: string;
  /** The body must contain this text. */
  contains?: string;
}

/**
 * One small request that measures availability. It is sent ten times per second, and must be
 * answered within one second.
 */
export interface Probe {
  request: DataRequest;
  expect?: ProbeExpectation;
  /**
   * An object for the probe to read. The load generator writes it first, and asks for another one
   * (with the next `number`) if the service no longer has it.
   */
  object?: { id: string; digest: string; version?: number; request: DataRequest; expect?: ProbeExpectation };
}

/** Where error responses carry their code, as JSON pointers (RFC 6901) into the body. */
export interface ErrorFormat {
  /** The first pointer to a string counts. */
  code: readonly string[];
  message?: readonly string[];
  /** Points to true if the request certainly had no effect. */
  definite?: readonly string[];
  /**
   * Outcomes by code. Without an entry, the status decides: 429, or 503 with Retry-After but
   * without a code, is `shed`; another 5xx is `server_error`, another 4xx
   * `client_error_unexpected`.
   */
  outcomes?: Record<string, Outcome>;
}

/** What load faults do to the service, as data that the load generator sends itself. */
export interface LoadFaults<P extends Parameters = Parameters> {
  /** The request that `traffic-spike` repeats: cheap, without an effect. Default: the probe's. */
  spike?: DataRequest;
  /** The calls of `tool-stall`, which is not supported without them. */
  stall?: Stall<P>;
}

/** `runId` is unique to the fault; ids of objects that its calls create must start with it. */
export interface Stall<P extends Parameters = Parameters> {
  /** The circuit breaker that the slow calls open, by its name in the service's own status. */
  breaker: string;
  /** A call that the service cannot finish in time. `number` counts from 1. */
  slowCall: (run: RunInfo<P> & { number: number }) => StallCall | Promise<StallCall>;
  /** A call of the same kind that succeeds, which closes the breaker when it is half-open. */
  quickCall: (run: RunInfo<P>) => StallCall | Promise<StallCall>;
}

export interface StallCall {
  /** Sent before `request`, in order. */
  prepare: DataRequest[];
  request: DataRequest;
  /** Removes what `prepare` created; an object that does not exist counts as removed. */
  cleanUp: DataRequest[];
}

export interface Workload<State = undefined, Plan = undefined, P extends Parameters = Parameters> {
  /** For the report. Default: the name of the workload's folder. */
  name?: string;
  /** Defaults of what a run may set in `load.parameters`. */
  parameters?: P;
  /** Called once per user. Returns what the user remembers between its operations. */
  user?: (user: UserInfo<P>) => State;
  /**
   * Called for each planned operation in order, even for one that is skipped later. It must depend
   * on nothing but its argument, so that the same seed gives the same operations. Operations that
   * need only `random` do not need it.
   */
  plan?: (planning: Planning<State, P>) => Plan;
  /** By name: lowercase letters, digits, `_` and `-`. */
  operations: Record<string, Operation<State, Plan, P>>;
  /** The first operation of each user, such as one that creates what the others use. */
  first?: string;
  /**
   * Called after each operation. Its attempts are counted, but belong to no operation and do not
   * count towards the duration of any.
   */
  afterOperation?: (user: User<State, Plan, P>) => Promise<void> | void;
  /** `number` counts the objects of the probe, from 1. */
  probe: Probe | ((run: RunInfo<P> & { number: number }) => Probe | Promise<Probe>);
  /** The request of the capacity test, and one sent before it. Default: that of the probe. */
  capacityTest?: { request: DataRequest; prepare?: DataRequest };
  errors?: ErrorFormat;
  /** What load faults do. */
  faults?: LoadFaults<P>;
  /** Returns the digest of a stored object, or null if the service has none with this id. */
  readBack?: (context: Context<P>, id: string) => Promise<StoredObject | string | null>;
  /** Yields all objects whose id starts with `prefix`, to find those that nobody wrote. */
  list?: (context: Context<P>, prefix: string) => AsyncIterable<ListedObject | string>;
  /** Deletes an object that an earlier run left behind. Needs `list`. */
  remove?: (context: Context<P>, id: string) => Promise<void>;
  /** Called before the first user starts; at most 30 s. */
  setup?: (context: Context<P>) => Promise<void>;
  /** Called after the last user has ended; at most 30 s. */
  teardown?: (context: Context<P>) => Promise<void>;
}

/** Returns its argument, whose types it checks. The module exports the result as default. */
export function defineWorkload<State = undefined, Plan = undefined, P extends Parameters = Parameters>(
  workload: Workload<State, Plan, P>,
): Workload<State, Plan, P> {
  return workload;
}
