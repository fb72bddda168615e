/** The outcomes of one attempt (one HTTP request). Every attempt has exactly one. */
import { z } from 'zod';

export const outcomes = [
  'ok',
  'shed',
  'breaker_open',
  'server_error',
  'refused',
  'connect_timeout',
  'reset_before',
  'cut_mid_body',
  'header_timeout',
  'body_timeout',
  'deadline',
  'protocol',
  'dns',
  'corrupt',
  'stale',
  'session_lost',
  'client_error_unexpected',
  'cancelled_at_end',
  'not_started',
] as const;

export const outcomeSchema = z.enum(outcomes);
export type Outcome = z.infer<typeof outcomeSchema>;

/** True if the server did not cause the outcome: the end of the run or the generator did. */
export function isNeutral(outcome: string): boolean {
  return outcome === ('cancelled_at_end' satisfies Outcome) || outcome === ('not_started' satisfies Outcome);
}

/** The name of an operation of the workload. Each operation consists of one or more attempts. */
export const operationNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'must be at most 40 lowercase letters, digits, _ and -, starting with a letter');
