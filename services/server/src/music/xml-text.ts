/** Bytes of an XML document to text, in pieces that a parser can be fed with. Invalid bytes are an error, never a replacement character. */
import { detectUnicode } from './format.ts';
import { malformed, unsupported } from './score-limits.ts';

/** Small enough that the text of one piece stays in the fast part of the heap. */
const pieceBytes = 65_536;

export class XmlText {
  #decoder: InstanceType<typeof TextDecoder> | undefined;

  /** The first call must hold the XML declaration, if there is one. */
  *decode(bytes: Uint8Array): Generator<string> {
    this.#decoder ??= decoderFor(bytes);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield this.#run(bytes.subarray(at, at + pieceBytes), true);
    }
  }

  end(): string {
    return this.#run(new Uint8Array(0), false);
  }

  #run(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder?.decode(bytes, { stream }) ?? '';
    } catch (error) {
      throw malformed('the text is not valid in its own encoding', error);
    }
  }
}

function decoderFor(head: Uint8Array): InstanceType<typeof TextDecoder> {
  const unicode = detectUnicode(head);
  const declared = /^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(
    new TextDecoder('latin1').decode(head.subarray(0, 256)),
  )?.[1];
  try {
    return new TextDecoder(unicode ?? declared ?? 'utf-8', { fatal: true });
  } catch (error) {
    throw unsupported(`the encoding "${declared}" is not known`, error);
  }
}
