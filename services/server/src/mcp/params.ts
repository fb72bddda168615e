/**
 * Schemas of the parameters of MCP messages. `invalidParams` validates those whose errors the SDK
 * reports badly: it answers some invalid ones with an internal error, and others with the JSON text
 * of its validator. The handlers of the other methods have schemas of their own.
 */
import { scoreIdSchema } from '@encore/contracts/server-api';
import { problemsOf } from '@encore/kit';
import { z } from 'zod';

const text = z.string('must be a string');
const object = z.record(z.string(), z.unknown(), 'must be an object');

/** The tool's own schema validates the arguments, which a call without any may omit. */
export const callSchema = z.object({ name: text, arguments: object.optional() });

const cursorError = 'the cursor is invalid: pass the nextCursor of the page before, or none for the first page';
const firstPage = z.literal('', cursorError);

/** For a list that fits on one page and therefore never returns a cursor. */
export const onePageSchema = z.object({ cursor: firstPage.optional() });

/** The cursor is the id of the last score of the previous page; empty for the first page. */
export const scorePageSchema = z.object({ cursor: z.custom<string>(isCursor, cursorError).default('') });

function isCursor(value: unknown): boolean {
  return value === '' || scoreIdSchema.safeParse(value).success;
}

const revisionKey = 'io.modelcontextprotocol/protocolVersion';
const metaSchema = z.object(
  {
    progressToken: z.union([z.string(), z.int()], 'must be a string or an integer').optional(),
    [revisionKey]: z.unknown().optional(),
  },
  'must be an object',
);
const anyRequest = z.object({ params: z.object({ _meta: metaSchema.optional() }, 'must be an object') });

const requests = new Map<string, z.ZodType>([
  ['tools/call', z.object({ params: callSchema })],
  [
    'initialize',
    z.object({
      params: z.object({
        protocolVersion: z.string('must be a string, such as "2025-11-25"'),
        capabilities: object,
        clientInfo: z.object({ name: text, version: text }, 'must be an object with a name and a version'),
      }),
    }),
  ],
]);

const requestSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.int()]),
  method: z.string(),
  params: z.unknown().optional(),
});

/** The error response to a request with such parameters; null for any other message. */
export function invalidParams(message: unknown): string | null {
  const request = requestSchema.safeParse(message);
  if (!request.success) return null;
  const { id, method, params = {} } = request.data;
  const common = anyRequest.safeParse({ params });
  // Since 2026-07-28 every request names its revision, and there is no such method.
  const isRemoved = method === 'initialize' && common.data?.params._meta?.[revisionKey] !== undefined;
  const error = common.error ?? (isRemoved ? undefined : requests.get(method)?.safeParse({ params }).error);
  if (!error) return null;
  const problems = `Invalid params for ${method.slice(0, 100)}: ${problemsOf(error).join('; ')}`;
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_602, message: problems } });
}
