/**
 * Cost of reading a large score, against the XML parser alone on the same bytes. Both run in fresh
 * processes, in turn, on a generated file: 50 MB of MusicXML with 20 parts, from a seed. Reported
 * as a ratio, because absolute times depend on the machine.
 *
 * Limits (issue: the server under test): at most 3 times the parser's time, peak memory under 6
 * times the size of the file.
 */
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Random } from '../packages/kit/src/index.ts';
import { defaultScoreLimits } from '../packages/music/src/index.ts';
import { importScore, summarizeScore } from '../packages/music/src/tasks.ts';

const run = promisify(execFile);
const megabytes = 50;
const partCount = 20;
const rounds = 3;
/** A dependency of the music package, resolved from there. */
const parserPackage = 'saxes';

export interface MusicImportResult {
  fileBytes: number;
  notes: number;
  parserSeconds: number;
  importSeconds: number;
  /** Median over the rounds; at most 3. */
  timeRatio: number;
  /** Peak resident memory of the importing process over the size of the file; under 6. */
  memoryRatio: number;
  ok: boolean;
}

export async function benchMusicImport(print: (line: string) => void = console.log): Promise<MusicImportResult> {
  const folder = await mkdtemp(join(tmpdir(), 'encore-bench-music-'));
  try {
    const path = join(folder, 'large.musicxml');
    await pipeline(Readable.from(largeScore(megabytes * 1e6)), createWriteStream(path));
    const fileBytes = (await stat(path)).size;
    const parser: Measured[] = [];
    const imports: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      parser.push(await measure('parser', path));
      imports.push(await measure('import', path));
    }
    const timeRatio = median(imports.map((one, i) => one.seconds / (parser[i]?.seconds ?? Number.NaN)));
    const memoryRatio = Math.max(...imports.map(({ peakBytes }) => peakBytes)) / fileBytes;
    const result: MusicImportResult = {
      fileBytes,
      notes: imports[0]?.notes ?? 0,
      parserSeconds: median(parser.map(({ seconds }) => seconds)),
      importSeconds: median(imports.map(({ seconds }) => seconds)),
      timeRatio,
      memoryRatio,
      ok: timeRatio <= 3 && memoryRatio < 6,
    };
    print(`music import: ${(fileBytes / 1e6).toFixed(1)} MB, ${result.notes} notes`);
    print(`  saxes alone ${result.parserSeconds.toFixed(2)} s, import ${result.importSeconds.toFixed(2)} s of CPU`);
    print(
      `  time ${timeRatio.toFixed(2)} times saxes (limit 3), memory ${memoryRatio.toFixed(2)} times the file (limit 6)`,
    );
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  seconds: number;
  peakBytes: number;
  notes: number;
}

async function measure(what: 'parser' | 'import', path: string): Promise<Measured> {
  const { stdout } = await run(process.execPath, [import.meta.filename, what, path], { timeout: 120_000 });
  return JSON.parse(stdout) as Measured;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function* largeScore(bytes: number): Generator<string> {
  const random = new Random('bench/music-import');
  const parts = Array.from({ length: partCount }, (_, i) => `P${i + 1}`);
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0">\n<part-list>\n';
  yield parts.map((id) => `<score-part id="${id}"><part-name>Part ${id}</part-name></score-part>\n`).join('');
  yield '</part-list>\n';
  for (const id of parts) {
    yield `<part id="${id}">\n`;
    let written = 0;
    for (let number = 1; written < bytes / partCount; number++) {
      const measure = largeMeasure(number, random);
      written += measure.length;
      yield measure;
    }
    yield '</part>\n';
  }
  yield '</score-partwise>\n';
}

function largeMeasure(number: number, random: Random): string {
  const time = '<time><beats>4</beats><beat-type>4</beat-type></time>';
  const attributes = `<attributes><divisions>2</divisions><key><fifths>0</fifths></key>${time}</attributes>`;
  const note = () => {
    const pitch = `<pitch><step>${random.pick(['C', 'D', 'E', 'F', 'G', 'A', 'B'])}</step><octave>${random.integer(3, 5)}</octave></pitch>`;
    return `  <note>\n    ${pitch}\n    <duration>1</duration><voice>1</voice><type>eighth</type>\n  </note>\n`;
  };
  return `<measure number="${number}">\n${number === 1 ? attributes : ''}${Array.from({ length: 8 }, note).join('')}</measure>\n`;
}

/** Child process: runs one of the two on the file and prints its measurements. */
async function child(what: string, path: string): Promise<Measured> {
  const before = process.cpuUsage();
  const notes = what === 'import' ? await importFile(path) : await tokenize(path);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, peakBytes: process.resourceUsage().maxRSS * 1024, notes };
}

async function importFile(path: string): Promise<number> {
  const bytes = createReadStream(path, { highWaterMark: 65_536 });
  return summarizeScore(await importScore(bytes, defaultScoreLimits)).notes;
}

/** The part of saxes that is used here. */
interface Parser {
  on(event: 'opentag' | 'closetag' | 'text', handler: () => void): void;
  write(text: string): void;
  close(): void;
}

/** Runs the music package's parser with handlers that do nothing. */
async function tokenize(path: string): Promise<number> {
  const require = createRequire(new URL('../packages/music/package.json', import.meta.url));
  const { SaxesParser } = require(parserPackage) as { SaxesParser: new () => Parser };
  const parser = new SaxesParser();
  for (const event of ['opentag', 'closetag', 'text'] as const) parser.on(event, () => {});
  const decoder = new TextDecoder();
  for await (const chunk of createReadStream(path, { highWaterMark: 65_536 })) {
    parser.write(decoder.decode(chunk as Uint8Array, { stream: true }));
  }
  parser.close();
  return 0;
}

if (import.meta.main) {
  const [what, path] = process.argv.slice(2);
  if (what !== undefined && path !== undefined) console.log(JSON.stringify(await child(what, path)));
  else process.exitCode = (await benchMusicImport()).ok ? 0 : 1;
}
