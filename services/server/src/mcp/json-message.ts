/** One MCP message from its bytes: JSON in UTF-8, with no more parts in it than a message needs. */
import { isUtf8 } from 'node:buffer';

/**
 * Keys, elements, objects and arrays in all. Everything behind this point has its own price for each of them: 4 MB of nothing but keys
 * would hold the event loop for ten seconds.
 */
const maxParts = 1_000;
const [quote, backslash, comma, brace, bracket] = Buffer.from('"\\,{[');

/** Throws a SyntaxError that says what would be right. */
export function parseMessage(bytes: Buffer): unknown {
  // Bytes that are no text would become replacement characters, and what is stored not what was sent.
  if (!isUtf8(bytes)) throw new SyntaxError('the body is not UTF-8');
  if (hasTooManyParts(bytes)) throw new SyntaxError(`the body has more than ${maxParts} keys and elements`);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new SyntaxError('the body is not JSON');
  }
}

/** Counts what begins or separates a part, outside of texts: nothing is built that would have to be thrown away. */
function hasTooManyParts(bytes: Buffer): boolean {
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if ((byte === comma || byte === brace || byte === bracket) && ++parts > maxParts) return true;
  }
  return false;
}

/** Where the text that begins at `start` ends: at the next quote that no backslash makes a part of it. */
function endOfText(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
