/** Parses external input and reports all problems together, each with its path. */
import type { z } from 'zod';
import { EncoreError } from './encore-error.ts';

export function problemsOf(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.length === 0 ? '(root)' : issue.path.join('.')}: ${issue.message}`);
}

/** Throws INVALID_INPUT (400, definite) naming `what` and every problem. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new EncoreError('INVALID_INPUT', `${what}: ${problemsOf(result.error).join('; ')}`);
}
