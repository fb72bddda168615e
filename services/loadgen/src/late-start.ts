/**
 * A start delayed by more than this, in milliseconds, is late. It is the default probe interval.
 */
export const lateStartMs = 100;
