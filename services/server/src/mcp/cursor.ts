/** Cursors of the MCP lists. A cursor that no list returned is refused with -32602. */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** For a list that fits on one page and therefore never returns a cursor. */
export function assertNoCursor(params: { cursor?: string | undefined } | undefined): void {
  if (params?.cursor) throw invalidCursor();
}

export function invalidCursor(): ProtocolError {
  const message = 'the cursor is invalid: pass the nextCursor of the page before, or none for the first page';
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
