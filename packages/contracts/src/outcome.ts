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
  'client_error_unexpected',
  'cancelled_at_end',
  'not_started',
] as const;

export const outcomeSchema = z.enum(outcomes);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Outcomes not caused by the server: the end of the run, or a problem of the generator. */
export const neutralOutcomes = ['cancelled_at_end', 'not_started'] as const satisfies readonly Outcome[];

/** The operations of a user. Each consists of one or more attempts. */
export const operationKinds = ['create', 'analyze', 'modify', 'export', 'heavy'] as const;
export const operationKindSchema = z.enum(operationKinds);
export type OperationKind = z.infer<typeof operationKindSchema>;
