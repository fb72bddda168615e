/** A file of numbered lines: written by one writer after the other, each going on where the last one ended, and read in one pass. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { AppendFile } from './durable-file.ts';
import { decodeLine, sealLine } from './numbered-line.ts';
import { problemsOf } from './parse.ts';

export interface ReadLine<Value> {
  /** From 1, as an editor counts. */
  place: number;
  /** Null when it cannot be believed or repeats an earlier line; one that only stands in the wrong place has a value. */
  value: Value | null;
  /** What is wrong, and what would be right. `torn`: the last line, of which a killed writer wrote only the beginning. */
  flaw: { kind: 'torn' | 'unsealed' | 'damaged'; text: string } | null;
}

/** More than any line has, so that the last whole one lies within it. */
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

  /** `numberName`: the member of each line that holds its number. */
  static async open(path: string, numberName: string): Promise<NumberedFile> {
    const file = await AppendFile.open(path);
    const lines = (await tailOf(path)).split('\n');
    // A killed writer may have left half a line. It takes no number, and what comes now begins on its own.
    if (lines.at(-1) !== '') await file.append('');
    return new NumberedFile(file, numberName, lastNumberOf(lines, numberName));
  }

  /** The number of the last line. */
  get last(): number {
    return this.#last;
  }

  /** Takes the next number at once, and resolves when the line is on disk. */
  append(members: object): Promise<void> {
    this.#last += 1;
    return this.#file.append(sealLine({ ...members, [this.#numberName]: this.#last }));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Every line with what is wrong with it, empty ones left out. Throws when the file cannot be read. */
export async function* readNumberedLines<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  numberName: string,
): AsyncGenerator<ReadLine<z.infer<Schema>>> {
  let due = 1;
  const missing = new MissingNumbers();
  /** Lines since the last that could be believed; each may have taken a number, or none when it was torn. */
  let unread = 0;
  for await (const { text, place, isLast } of linesOf(path)) {
    const decoded = decodeLine(text, numberName);
    if (!decoded.ok) {
      unread += 1;
      const kind = decoded.flaw === 'no_json' ? (isLast ? 'torn' : 'damaged') : decoded.flaw;
      yield { place, value: null, flaw: { kind, text: decoded.problem } };
      continue;
    }
    const { number, members } = decoded;
    const problems =
      number < due || number > due + unread ? [`number ${number} stands where ${due + unread} should`] : [];
    if (number > due) missing.add(due, number - 1);
    const isRepeated = number < due && !missing.take(number);
    due = Math.max(due, number + 1);
    unread = 0;
    if (isRepeated) {
      // What it says was counted before.
      yield { place, value: null, flaw: { kind: 'damaged', text: `${problems.join()}; its line was there before` } };
      continue;
    }
    const parsed = schema.safeParse(members);
    if (!parsed.success) problems.push(...problemsOf(parsed.error));
    const flaw = problems.length === 0 ? null : { kind: 'damaged' as const, text: problems.join('; ') };
    yield { place, value: parsed.success ? parsed.data : null, flaw };
  }
}

/** Numbers that are not there yet: a line that was moved may still bring one of them, and a repeated line brings none. */
class MissingNumbers {
  #ranges: { from: number; to: number }[] = [];

  add(from: number, to: number): void {
    this.#ranges.push({ from, to });
  }

  /** Was it missing? From now on it is not. */
  take(number: number): boolean {
    const range = this.#ranges.find(({ from, to }) => from <= number && number <= to);
    if (range === undefined) return false;
    const parts = [
      { from: range.from, to: number - 1 },
      { from: number + 1, to: range.to },
    ].filter(({ from, to }) => from <= to);
    this.#ranges = [...this.#ranges.filter((other) => other !== range), ...parts];
    return true;
  }
}

/** One line is kept back, so that the last is known as the last. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; place: number; isLast: boolean }> {
  let previous: { text: string; place: number } | null = null;
  for await (const { text, place } of textLinesOf(path)) {
    if (text === '') continue;
    if (previous !== null) yield { ...previous, isLast: false };
    previous = { text, place };
  }
  if (previous !== null) yield { ...previous, isLast: true };
}

/**
 * The lines of a file with their numbers from 1. Only \n ends a line: JSON may hold all else that ends one elsewhere. The last one is
 * torn when the file does not end with \n.
 */
export async function* textLinesOf(path: string): AsyncGenerator<{ text: string; place: number; isTorn: boolean }> {
  let place = 0;
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      place += 1;
      yield { text, place, isTorn: false };
    }
  }
  if (rest !== '') yield { text: rest, place: place + 1, isTorn: true };
}

/** 0 when no line has one: whoever reads the file then will say what is wrong with it. */
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
