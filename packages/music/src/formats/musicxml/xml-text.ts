/**
 * Decodes an XML document in pieces for a parser. Invalid bytes are an error, not replacement
 * characters.
 */

import { malformed, unsupported } from '../../model/score-limits.ts';
import { detectUnicode } from '../format.ts';

/** Small enough that the text of one piece stays in V8's young generation. */
const pieceBytes = 65_536;

export class XmlText {
  #decoder: InstanceType<typeof TextDecoder> | undefined;

  /** The first call must contain the whole XML declaration, if there is one. */
  *decode(bytes: Uint8Array): Generator<string> {
    const isFirst = this.#decoder === undefined;
    this.#decoder ??= decoderFor(bytes);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const text = this.#run(bytes.subarray(at, at + pieceBytes), true);
      // Some programs write a second byte order mark or a blank line before the declaration, which
      // XML forbids.
      yield isFirst && at === 0 ? text.replace(/^[\uFEFF\s]+/, '') : text;
    }
  }

  end(): string {
    return this.#run(new Uint8Array(0), false);
  }

  #run(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder?.decode(bytes, { stream }) ?? '';
    } catch (error) {
      throw malformed('the text is not valid in its declared encoding', error);
    }
  }
}

/** Names that programs declare and the Encoding standard does not list. */
const otherNames = new Map([
  ['macroman', 'macintosh'],
  ['latin-1', 'latin1'],
]);

function decoderFor(head: Uint8Array): InstanceType<typeof TextDecoder> {
  const unicode = detectUnicode(head);
  const declared = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(
    new TextDecoder('latin1').decode(head.subarray(0, 256)),
  )?.[1];
  const label = unicode ?? declared ?? 'utf-8';
  try {
    const decoder = new TextDecoder(otherNames.get(label.toLowerCase()) ?? label, { fatal: true });
    // A declaration that is readable byte by byte is not in UTF-16, even if it declares UTF-16.
    const isFalse = unicode === null && decoder.encoding.startsWith('utf-16');
    return isFalse ? new TextDecoder('utf-8', { fatal: true }) : decoder;
  } catch (error) {
    throw unsupported(`the encoding "${declared}" is not supported; use UTF-8`, error);
  }
}
