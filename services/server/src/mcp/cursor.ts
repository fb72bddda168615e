/** Parameters of the MCP lists. The SDK answers a cursor that no list returned with -32602. */
import { scoreIdSchema } from '@encore/contracts/server-api';
import { z } from 'zod';

const error = 'the cursor is invalid: pass the nextCursor of the page before, or none for the first page';
const firstPage = z.literal('', error);

/** For a list that fits on one page and therefore never returns a cursor. */
export const onePageSchema = z.object({ cursor: firstPage.optional() });

/** The cursor is the id of the last score of the previous page; empty for the first page. */
export const scorePageSchema = z.object({ cursor: z.custom<string>(isCursor, error).default('') });

function isCursor(value: unknown): boolean {
  return value === '' || scoreIdSchema.safeParse(value).success;
}
