/** Reads a text file that a user names; every reason why that is impossible has its own message. */
import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { describeError } from './encore-error.ts';

interface TextFileLimit {
  maxBytes: number;
  /** What to say about a larger file. */
  tooLarge: string;
}

/** `problem` does not name the file. */
export type ReadText = { ok: true; text: string } | { ok: false; problem: string };

export function readTextFile(path: string, { maxBytes, tooLarge }: TextFileLimit): ReadText {
  try {
    const stats = statSync(path);
    // Reading a pipe waits for its writer; Encore also reads most files more than once.
    if (!stats.isFile() && !stats.isDirectory())
      return { ok: false, problem: 'not a regular file; save its content in one' };
    if (stats.size > maxBytes) return { ok: false, problem: tooLarge };
    return decodeText(readFileSync(path));
  } catch (error) {
    return { ok: false, problem: whyUnreadable(error) };
  }
}

/** Decodes UTF-8, without the byte order mark that some editors write. */
export function decodeText(bytes: Buffer): ReadText {
  // UTF-8 text contains no NUL; UTF-16 and UTF-32 text does.
  if (!isUtf8(bytes) || bytes.includes(0)) return { ok: false, problem: 'not UTF-8 text; save it as UTF-8' };
  return { ok: true, text: bytes.toString('utf8').replace(/^\uFEFF/, '') };
}

/** Describes why a file or folder cannot be read, and what to do. */
export function whyUnreadable(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file';
    case 'EISDIR':
      return 'is a folder; name a file in it';
    case 'EACCES':
    case 'EPERM':
      return 'no read permission; make it readable with chmod a+r';
    default:
      return `cannot be read: ${describeError(error)}`;
  }
}
