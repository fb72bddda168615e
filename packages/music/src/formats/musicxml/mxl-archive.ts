/**
 * Reads compressed MusicXML: a ZIP file whose META-INF/container.xml names the score inside.
 * Without a usable container, the only score in the archive is read. Entries are inflated in small
 * steps with a running size check, so neither a ZIP bomb nor a false size in the directory exceeds
 * the limit.
 */
import { EncoreError } from '@encore/kit/encore-error';
import { exactSize } from '@encore/kit/exact-size';
import { Inflate } from 'fflate';
import { SaxesParser } from 'saxes';
import { malformed, type ScoreLimits, tooLarge, unsupported } from '../../model/score-limits.ts';
import { concatBytes, crc32 } from '../bytes.ts';
import { detectFormat, headBytes } from '../format.ts';
import { plainText } from '../plain-text.ts';
import { XmlText } from './xml-text.ts';

interface Entry {
  method: number;
  encrypted: boolean;
  crc: number;
  compressedBytes: number;
  offset: number;
}

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
/** Programs write it in different cases. */
const containerName = 'META-INF/container.xml';
const maxContainerBytes = 65_536;
/**
 * Folders, and files that programs and systems add: META-INF, __MACOSX, names that begin with a
 * dot.
 */
const noScore = /\/$|^META-INF\/|^__MACOSX\/|(^|\/)\.[^/]*$/i;
const scoreName = /\.(xml|musicxml|mid|midi)$/i;
/** How many files are inspected to find the only score. */
const maxCandidates = 16;
/** Inflates to at most 4 MB. */
const stepBytes = 4096;
/** Inflates to at most 256 KB. */
const headStepBytes = 256;

/** The bytes of the score inside the archive. */
export function* readMxl(archive: Uint8Array, limits: ScoreLimits): Generator<Uint8Array> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let entry: Entry;
  try {
    const entries = readDirectory(archive, view, limits);
    entry = namedScore(archive, view, entries) ?? onlyScore(archive, view, entries);
  } catch (error) {
    // The offsets are untrusted; a false one points outside the archive.
    throw error instanceof RangeError ? malformed('the ZIP archive is truncated or damaged', error) : error;
  }
  yield* inflateEntry(archive, view, entry, limits.maxBytes);
}

function readDirectory(archive: Uint8Array, view: DataView, limits: ScoreLimits): Map<string, Entry> {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  if (count > limits.maxEntries) throw tooLarge('the number of files in the archive', limits.maxEntries);
  const entries = new Map<string, Entry>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== entrySignature) throw malformed('the directory of the ZIP archive is damaged');
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
    entries.set(plainPath(name), {
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
      crc: view.getUint32(at + 16, true),
      compressedBytes: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The end record lies before a comment of at most 64 KB, which may contain its signature. */
function findEnd(view: DataView): number {
  let found: number | undefined;
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 65_557); at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    found ??= at;
    const directory = view.getUint32(at + 16, true);
    if (directory <= at - 4 && view.getUint32(directory, true) === entrySignature) return at;
  }
  if (found === undefined) throw malformed('the ZIP archive has no directory');
  return found;
}

/** The first score that the container names, if both can be read. The case of names may differ. */
function namedScore(archive: Uint8Array, view: DataView, entries: ReadonlyMap<string, Entry>): Entry | undefined {
  const inAnyCase = (path: string) => [...entries].find(([name]) => name.toLowerCase() === path.toLowerCase())?.[1];
  const container = inAnyCase(containerName);
  if (!container) return undefined;
  const named = rootFiles(contentOf(archive, view, container))
    .slice(0, maxCandidates)
    .flatMap((path) => {
      const decoded = decodedPath(plainPath(path));
      return entries.get(plainPath(path)) ?? entries.get(decoded) ?? inAnyCase(decoded) ?? [];
    });
  return named.find((entry) => !isOther(archive, view, entry));
}

/** Empty if the container is encrypted, damaged or too large. */
function contentOf(archive: Uint8Array, view: DataView, container: Entry): Uint8Array {
  try {
    return concatBytes([...inflateEntry(archive, view, container, maxContainerBytes)]);
  } catch (error) {
    if (error instanceof EncoreError) return new Uint8Array(0);
    throw error;
  }
}

/** Whether it can be read and is certainly not a score: a picture, for example. */
function isOther(archive: Uint8Array, view: DataView, entry: Entry): boolean {
  const format = detectFormat(headOf(archive, view, entry));
  return format !== 'musicxml' && format !== 'midi';
}

/** Some programs write backslashes, or a path from the root of the archive. */
function plainPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^(\.?\/)+/, '');
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The paths in the container: first those that are XML or have no type, as others may be audio.
 * Empty if the container is not XML in any encoding.
 */
function rootFiles(container: Uint8Array): string[] {
  const scores: string[] = [];
  const others: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const { 'media-type': type = '', 'full-path': path } = attributes;
    if (!/^([\w.-]+:)?rootfile$/.test(name) || path === undefined) return;
    const isScore = type === '' || /xml/i.test(type);
    (isScore ? scores : others).push(path);
  });
  parser.on('error', (error) => {
    throw error;
  });
  try {
    const text = new XmlText();
    for (const piece of text.decode(container)) parser.write(piece);
    parser.write(text.end()).close();
  } catch {
    return [];
  }
  return [...scores, ...others];
}

/**
 * The only score in an archive without a usable container. Files with a score's extension are tried
 * first, because other files may be large.
 */
function onlyScore(archive: Uint8Array, view: DataView, entries: ReadonlyMap<string, Entry>): Entry {
  const files = [...entries].filter(([name]) => !noScore.test(name));
  const named = files.filter(([name]) => scoreName.test(name));
  const candidates = (named.length > 0 ? named : files).slice(0, maxCandidates);
  const scores = candidates.filter(([, entry]) => {
    const format = detectFormat(headOf(archive, view, entry));
    return format === 'musicxml' || format === 'midi';
  });
  const [score] = scores;
  if (score && scores.length === 1) return score[1];
  if (!score) throw malformed('the archive contains neither a MusicXML nor a MIDI file');
  const names = scores.map(([name]) => `"${plainText(name).slice(0, 60)}"`);
  throw malformed(
    `the archive contains ${scores.length} scores (${names.slice(0, 5).join(', ')}) and no ${containerName} that names one of them; send the score alone`,
  );
}

/** Enough to detect the format. */
function headOf(archive: Uint8Array, view: DataView, entry: Entry): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (const chunk of inflateEntry(archive, view, entry, Number.POSITIVE_INFINITY, headStepBytes)) {
    chunks.push(chunk.subarray(0, headBytes));
    size += chunk.length;
    if (size >= headBytes) break;
  }
  return concatBytes(chunks);
}

function* inflateEntry(
  archive: Uint8Array,
  view: DataView,
  entry: Entry,
  maxBytes: number,
  step = stepBytes,
): Generator<Uint8Array> {
  if (entry.encrypted) throw unsupported('the archive is encrypted');
  if (entry.method !== 0 && entry.method !== 8) throw unsupported(`ZIP method ${entry.method} is not supported`);
  const { offset, compressedBytes } = entry;
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== localSignature) {
    throw malformed('the ZIP archive is damaged');
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedBytes > archive.length) throw malformed('the ZIP archive is truncated');
  const data = archive.subarray(start, start + compressedBytes);
  let total = 0;
  let crc = 0;
  for (const chunk of entry.method === 0 ? [data] : inflate(data, step)) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge('the inflated size', exactSize(maxBytes));
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (crc !== entry.crc) throw malformed('the checksum of the compressed score is wrong');
}

function* inflate(data: Uint8Array, step: number): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const inflater = new Inflate((chunk) => {
    if (chunk.length > 0) ready.push(chunk);
  });
  for (let at = 0; at < data.length; at += step) {
    try {
      inflater.push(data.subarray(at, at + step), at + step >= data.length);
    } catch (error) {
      throw malformed('the compressed data is damaged', error);
    }
    yield* ready;
    ready = [];
  }
}
