/**
 * Every error of Encore: its code for programs, the HTTP status, and whether the request certainly
 * had no effect (`definite`). A message adds what is wrong with which input and what to do.
 */
interface ErrorRow {
  status: number;
  definite: boolean;
  meaning: string;
}

/** The request had no effect. */
const definite = (status: number, meaning: string) => ({ status, definite: true, meaning });
/** The request may have had an effect. */
const unknown = (status: number, meaning: string) => ({ status, definite: false, meaning });

export const errorTable = {
  ABORTED: unknown(500, 'the call was aborted'),
  ALREADY_EXISTS: definite(409, 'an object with this id already exists'),
  BODY_INCOMPLETE: definite(400, 'the connection broke before the body was complete'),
  BREAKER_OPEN: definite(503, 'the circuit breaker of this tool is open'),
  CAPACITY_TEST_ACTIVE: definite(409, 'a capacity test is already in progress'),
  CAPACITY_TEST_FAILED: unknown(502, 'the capacity test could not be carried out'),
  CLIENT_GONE: unknown(499, 'the client disconnected while its request was in progress'),
  CLOSED: unknown(500, "the workload's thread was closed"),
  CORRUPT: definite(500, 'stored bytes do not match their hash'),
  DATABASE_UNAVAILABLE: unknown(503, 'the database did not respond; a write may have taken effect'),
  DEADLINE: unknown(503, 'the request took longer than its deadline'),
  DOCKER_FAILED: unknown(500, 'a docker command failed'),
  DRAINING: definite(503, 'the server is shutting down'),
  EMPTY: definite(400, 'the body is empty'),
  ENGINE_ALREADY_DONE: definite(503, 'the container is already in the requested state'),
  ENGINE_REFUSED: definite(409, 'the container engine rejected the request'),
  ENGINE_UNREACHABLE: unknown(503, 'the container engine did not respond'),
  ENGINE_UNSUPPORTED: definite(501, 'this engine or host does not support it'),
  FAULT_ACTIVE: definite(409, 'the request is not possible while faults are active'),
  FAULT_KNOWN: definite(409, 'a fault with this id was already injected'),
  FAULT_OVERLAPS: definite(409, 'a fault of this kind is already active on the target'),
  FORBIDDEN_HOST: definite(403, 'the Host or Origin header names a host that is not allowed'),
  IDEMPOTENCY_MISMATCH: definite(422, 'the key was used with a different body'),
  INTERNAL: unknown(500, 'an unexpected error'),
  INVALID_CONFIG: definite(400, 'a setting is missing or invalid'),
  INVALID_ENVIRONMENT: definite(400, 'an environment variable is missing or invalid'),
  INVALID_INPUT: definite(400, 'the request does not match its schema'),
  INVALID_INTERVAL: definite(400, 'the interval is malformed or too large'),
  INVALID_LOAD: definite(400, 'the settings of the load do not fit the workload'),
  INVALID_SYSTEM: definite(400, 'the system description is invalid'),
  INVALID_THRESHOLD: definite(400, 'a rule of the verdict is invalid'),
  JOURNAL_UNWRITABLE: definite(507, "the injector's journal cannot be written"),
  KIND_NOT_ALLOWED: definite(409, 'the target does not allow this kind of fault'),
  MALFORMED_BODY: definite(400, 'the body is not what its headers announce'),
  MALFORMED_REQUEST: definite(400, 'the request is not well-formed HTTP/1.1'),
  MALFORMED_SCORE: definite(422, 'the document is not a valid score'),
  METHOD_NOT_ALLOWED: definite(405, 'the path does not support this method'),
  NOT_DEFINED: definite(409, 'the workload does not define this fault'),
  NOT_FOUND: definite(404, 'there is no such object or path'),
  NOT_READY: unknown(500, 'a program of the lab did not become ready'),
  NOT_REMOVED: unknown(502, 'an object that a fault stored could not be removed'),
  NOT_STOPPED: definite(409, 'the container is not stopped'),
  NO_ANSWER: unknown(504, 'no request was answered'),
  NO_DATABASE: unknown(500, 'PostgreSQL is not installed or could not be set up'),
  NO_FOLDER: unknown(500, "the lab's folder cannot be used"),
  NO_PORTS: unknown(500, 'there are not enough free ports'),
  NO_RUN: definite(409, 'no run has started since the service started'),
  NO_SUCH_RUN: unknown(500, 'there is no folder of this run'),
  NO_TOKEN: unknown(503, 'the file with the API token cannot be read'),
  OVERLOADED: definite(503, 'the server is at its capacity'),
  PEER_ERROR: unknown(500, 'another service returned an error in an unknown format'),
  PORT_TAKEN: unknown(500, 'the port cannot be used'),
  PREFLIGHT: definite(500, 'preflight checks failed, so the run did not start'),
  PROXY_LOST: definite(502, 'a proxy of the lab does not exist'),
  PROXY_MISMATCH: unknown(502, 'Toxiproxy reports a different state from the one that was set'),
  PROXY_REFUSED: definite(502, 'Toxiproxy rejected the request'),
  PROXY_UNREACHABLE: unknown(503, 'Toxiproxy did not respond'),
  QUARANTINED: definite(422, 'the document stopped its worker several times'),
  RATE_LIMITED: definite(429, 'the client sends requests too fast'),
  READ_BACK_ACTIVE: definite(409, 'a read-back is already in progress'),
  RESTARTED: unknown(500, 'the load generator restarted and lost the result'),
  RESTART_POLICY_LOST: unknown(502, 'the restart policy of a container has changed'),
  RUN_ACTIVE: definite(409, 'another run is active'),
  RUN_EXISTS: definite(409, 'another run has the same name'),
  RUN_FOLDER_UNREADABLE: definite(400, 'the folder has no readable plan or history'),
  RUN_HELD: definite(409, 'another run holds the lease'),
  RUN_OVER: definite(410, 'the run is not active'),
  SCORE_TOO_LARGE: definite(413, 'the score is larger than the limits'),
  SCRATCH_FULL: definite(503, 'the disk for uploads is full'),
  SLOW_BODY: definite(408, 'the body did not arrive within its timeout'),
  SLOW_READER: unknown(408, 'the client reads the response too slowly'),
  SLOW_REQUEST: definite(408, 'the request did not arrive within its timeout'),
  START_FORBIDDEN: definite(409, 'an active fault forbids starting the target'),
  STEP_FAILED: unknown(500, 'steps of a phase failed'),
  STOPPED: definite(409, 'the schedule was stopped'),
  TARGET_MISSING: definite(409, 'the system has no such target'),
  TARGET_NOT_RUNNING: definite(409, 'the target is not running'),
  TARGET_REFUSED: definite(409, 'the fault cannot act on this target'),
  TIMED_OUT: unknown(504, 'a condition was not met in time'),
  TOOL_TIMEOUT: unknown(504, 'the tool took too long'),
  TOO_LARGE: definite(413, 'a part of the request is larger than its limit'),
  TOO_MANY_ALERTS: unknown(500, 'Prometheus has more alerts than can be read'),
  UNAUTHORIZED: definite(401, 'the API token is missing or wrong'),
  UNKNOWN_EXPECTATION: definite(417, 'the Expect header has an unknown value'),
  UNKNOWN_FAULT: definite(404, 'there is no fault with this id'),
  UNREACHABLE: unknown(503, 'another service did not respond'),
  UNSUPPORTED_ENCODING: definite(415, 'the content encoding is not supported'),
  UNSUPPORTED_FORMAT: definite(415, 'the format is not supported'),
  VERSION_MISMATCH: definite(412, 'the object has a different version'),
  WORKER_DIED: definite(500, 'the worker process ended during the job'),
  WORKLOAD_FAILED: unknown(500, 'a function of the workload failed'),
  WRONG_ANSWER: unknown(500, 'a check of the workload failed'),
} satisfies Record<string, ErrorRow>;
export type ErrorCode = keyof typeof errorTable;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
