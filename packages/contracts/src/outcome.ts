/** The closed set of ways in which one attempt (one HTTP request) can end. Exactly one applies to each attempt. */
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
  'client_error_unexpected',
  'cancelled_at_end',
  'not_started',
] as const;

export const outcomeSchema = z.enum(outcomes);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Outcomes that say nothing about the server: the end of the run, or the generator's own fault. */
export const neutralOutcomes = ['cancelled_at_end', 'not_started'] as const satisfies readonly Outcome[];

/** What a user wanted. One operation is one or more attempts. */
export const operationKinds = ['create', 'analyze', 'modify', 'export', 'heavy'] as const;
export const operationKindSchema = z.enum(operationKinds);
export type OperationKind = z.infer<typeof operationKindSchema>;
