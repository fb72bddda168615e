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

function decoderFor(head: Uint8Array): InstanceType<typeof TextDecoder> {
  const unicode = detectUnicode(head);
  const declared = /^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(
    new TextDecoder('latin1').decode(head.subarray(0, 256)),
  )?.[1];
  // A declaration that is readable byte by byte is not in UTF-16, even if it declares UTF-16.
  const readable = declared !== undefined && /^utf-?16/i.test(declared) ? 'utf-8' : declared;
  try {
    return new TextDecoder(unicode ?? readable ?? 'utf-8', { fatal: true });
  } catch (error) {
    throw unsupported(`the encoding "${declared}" is not supported; use UTF-8`, error);
  }
}
