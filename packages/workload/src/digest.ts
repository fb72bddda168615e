/** The digest that Encore compares: SHA-256, in lowercase hexadecimal. */
import { createHash } from 'node:crypto';

/**
 * Returns the SHA-256 of a text (as UTF-8) or of bytes. Two values with the same digest count as
 * equal, so pass the text in one fixed form:
 *
 *     digestOf(JSON.stringify([item.name, item.price]))
 */
export function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
