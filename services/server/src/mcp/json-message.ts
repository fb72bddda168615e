/** Parses one MCP message: JSON in UTF-8, with a limited number of nodes. */
import { isUtf8 } from 'node:buffer';

/**
 * Keys, elements, objects and arrays together. Each one costs time in the SDK: 4 MB of keys would
 * block the event loop for 10 s.
 */
const maxNodes = 1_000;
const [quote, backslash, comma, brace, bracket] = Buffer.from('"\\,{[');

/** Throws a SyntaxError that names the problem. */
export function parseMessage(bytes: Buffer): unknown {
  // Invalid bytes would become replacement characters, and the stored score would differ from the
  // sent one.
  if (!isUtf8(bytes)) throw new SyntaxError('the body is not UTF-8');
  if (bytes.length > maxNodes && hasTooManyNodes(bytes))
    throw new SyntaxError(`the body has more than ${maxNodes} keys and elements`);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new SyntaxError('the body is not JSON');
  }
}

/**
 * Counts the characters that begin or separate nodes, outside strings, without building anything.
 */
function hasTooManyNodes(bytes: Buffer): boolean {
  let nodes = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfString(bytes, at);
    else if ((byte === comma || byte === brace || byte === bracket) && ++nodes > maxNodes) return true;
  }
  return false;
}

/** The position of the unescaped quote that ends the string starting at `start`. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}
