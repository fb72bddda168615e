/**
 * Time limits of the load generator's work and of its callers. Those of the callers are sums: a
 * caller that gave up first would not learn the reason.
 */

/** Code of the workload counts as hung this long after the deadline of its requests. */
export const hungMs = 5_000;
/** A thread of the workload that used no CPU time is ended after it was silent for this long. */
export const idleThreadMs = 60_000;
/** Loading the workload, which takes seconds on a busy machine. */
export const loadingMs = 60_000;
/** The workload's `setup`, and its `teardown`. */
export const preparationMs = 30_000;
/** A call of `readBack`, and the whole of `list`. */
export const readBackCallMs = 40_000;
/** The final read-back in total, and each sample. */
export const finalReadBackMs = 300_000;
export const sampleMs = 30_000;
/** For operations in flight when the load stops; then for users whose requests were aborted. */
export const graceMs = 10_000;
export const usersEndMs = 5_000;

/** For what has no limit of its own, such as the disk. */
const marginMs = 10_000;
/** The last call of the workload may block its thread at the end of its time. */
const overdueMs = Math.max(hungMs, idleThreadMs) + marginMs;

/** A process that only loads the workload. */
export const checkTimeoutMs = loadingMs + marginMs;
export const startTimeoutMs = loadingMs + preparationMs + overdueMs;
export const stopTimeoutMs = Math.max(graceMs + usersEndMs + preparationMs, sampleMs) + overdueMs;
export const readBackTimeoutMs = loadingMs + finalReadBackMs + overdueMs;
