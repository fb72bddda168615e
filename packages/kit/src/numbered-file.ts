/**
 * A file of numbered, checksummed lines. Each writer continues the numbering of the previous one;
 * a reader needs one pass.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { AppendFile } from './durable-file.ts';
import { decodeLine, encodeLine } from './numbered-line.ts';
import { problemsOf } from './parse.ts';

export interface ReadLine<Value> {
  /** Counts from 1, as in an editor. */
  lineNumber: number;
  /** Null if the line is damaged or repeats an earlier one. A line out of order keeps its value. */
  value: Value | null;
  /** `truncated`: the last line, left incomplete by a writer that was killed. */
  problem: { kind: 'truncated' | 'checksum_missing' | 'damaged'; text: string } | null;
}

/** Larger than any line, so that the tail contains the last complete one. */
const tailBytes = 1_048_576;

export class NumberedFile {
  readonly #file: AppendFile;
  readonly #numberName: string;
  #last: number;

  private constructor(file: AppendFile, numberName: string, last: number) {
    this.#file = file;
    this.#numberName = numberName;
    this.#last = last;
  }

  /** `numberName` is the member of each line that holds its number. */
  static async open(path: string, numberName: string): Promise<NumberedFile> {
    const file = await AppendFile.open(path);
    const lines = (await tailOf(path)).split('\n');
    // A killed writer may leave a truncated line. End it before appending, and reuse its number.
    if (lines.at(-1) !== '') await file.append('');
    return new NumberedFile(file, numberName, lastNumberOf(lines, numberName));
  }

  /** The number of the last line. */
  get last(): number {
    return this.#last;
  }

  /** Assigns the next number immediately; resolves when the line is on disk. */
  append(members: object): Promise<void> {
    this.#last += 1;
    return this.#file.append(encodeLine({ ...members, [this.#numberName]: this.#last }));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Yields every non-empty line with its problem, if any. Throws if the file cannot be read. */
export async function* readNumberedLines<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  numberName: string,
): AsyncGenerator<ReadLine<z.infer<Schema>>> {
  let expected = 1;
  const missing = new MissingNumbers();
  /** Undecodable lines since the last good one. Each used one number, or none if truncated. */
  let undecoded = 0;
  for await (const { text, lineNumber, isLast } of linesOf(path)) {
    const decoded = decodeLine(text, numberName);
    if (!decoded.ok) {
      undecoded += 1;
      const { kind, text: problemText } = decoded.problem;
      const reported = kind === 'invalid_json' ? (isLast ? 'truncated' : 'damaged') : kind;
      yield { lineNumber, value: null, problem: { kind: reported, text: problemText } };
      continue;
    }
    const { number, members } = decoded;
    const problems =
      number < expected || number > expected + undecoded
        ? [`found number ${number}, expected ${expected + undecoded}`]
        : [];
    if (number > expected) missing.add(expected, number - 1);
    const isRepeated = number < expected && !missing.take(number);
    expected = Math.max(expected, number + 1);
    undecoded = 0;
    if (isRepeated) {
      // Its content was counted before.
      yield {
        lineNumber,
        value: null,
        problem: { kind: 'damaged', text: `${problems.join()}; repeats an earlier line` },
      };
      continue;
    }
    const parsed = schema.safeParse(members);
    if (!parsed.success) problems.push(...problemsOf(parsed.error));
    const problem = problems.length === 0 ? null : { kind: 'damaged' as const, text: problems.join('; ') };
    yield { lineNumber, value: parsed.success ? parsed.data : null, problem };
  }
}

/** Numbers skipped so far. A moved line may still supply one of them; a repeated line does not. */
class MissingNumbers {
  #ranges: { from: number; to: number }[] = [];

  add(from: number, to: number): void {
    this.#ranges.push({ from, to });
  }

  /** Removes the number; returns whether it was missing. */
  take(number: number): boolean {
    const range = this.#ranges.find(({ from, to }) => from <= number && number <= to);
    if (range === undefined) return false;
    const remaining = [
      { from: range.from, to: number - 1 },
      { from: number + 1, to: range.to },
    ].filter(({ from, to }) => from <= to);
    this.#ranges = [...this.#ranges.filter((other) => other !== range), ...remaining];
    return true;
  }
}

/** Stays one line behind the file, so that the last line can be marked. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; lineNumber: number; isLast: boolean }> {
  let previous: { text: string; lineNumber: number } | null = null;
  for await (const { text, lineNumber } of textLinesOf(path)) {
    if (text === '') continue;
    if (previous !== null) yield { ...previous, isLast: false };
    previous = { text, lineNumber };
  }
  if (previous !== null) yield { ...previous, isLast: true };
}

/**
 * Yields the lines of a file, numbered from 1. Only \n ends a line, because JSON strings may
 * contain other line separators. The last line is truncated if the file does not end with \n.
 */
export async function* textLinesOf(
  path: string,
): AsyncGenerator<{ text: string; lineNumber: number; isTruncated: boolean }> {
  let lineNumber = 0;
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      lineNumber += 1;
      yield { text, lineNumber, isTruncated: false };
    }
  }
  if (rest !== '') yield { text: rest, lineNumber: lineNumber + 1, isTruncated: true };
}

/** Returns 0 if no line has a number; a reader of the file reports why. */
function lastNumberOf(lines: readonly string[], numberName: string): number {
  for (const text of lines.toReversed()) {
    const decoded = decodeLine(text, numberName);
    if (decoded.ok) return decoded.number;
  }
  return 0;
}

async function tailOf(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const length = Math.min(size, tailBytes);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString();
}
