import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { z } from 'zod';
import { crcHex } from './canonical-json.ts';
import { NumberedFile, readNumberedLines } from './numbered-file.ts';
import { encodeLine } from './numbered-line.ts';

const schema = z.strictObject({ n: z.number(), crc: z.string(), key: z.string() });

describe('numbered file', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-numbered-'));
    path = join(folder, 'ledger.ndjson');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(...keys: string[]): Promise<void> {
    const file = await NumberedFile.open(path, 'n');
    await Promise.all(keys.map((key) => file.append({ key })));
    await file.close();
  }

  async function read(): Promise<{ keys: string[]; problems: string[] }> {
    const keys: string[] = [];
    const problems: string[] = [];
    for await (const { lineNumber, value, problem } of readNumberedLines(path, schema, 'n')) {
      if (value !== null) keys.push(`${value.n} ${value.key}`);
      if (problem !== null) problems.push(`${lineNumber} ${problem.kind}: ${problem.text}`);
    }
    return { keys, problems };
  }

  it('numbers its lines from 1 and continues where the last writer stopped', async () => {
    await write('a', 'b');
    await write();
    await write('c');
    assert.deepEqual(await read(), { keys: ['1 a', '2 b', '3 c'], problems: [] });
  });

  it('gives no number to a truncated line and ends it before the next append', async () => {
    await write('a', 'b');
    await truncate(path, (await readFile(path)).length - 3);
    assert.deepEqual(
      (await read()).problems.map((problem) => problem.slice(0, 27)),
      ['2 truncated: not valid JSON'],
    );
    await write('c');
    const { keys, problems } = await read();
    assert.deepEqual(keys, ['1 a', '2 c']);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^2 damaged: not valid JSON/);
  });

  it('accepts a line that lacks only its newline', async () => {
    await write('a', 'b');
    await truncate(path, (await readFile(path)).length - 1);
    assert.deepEqual(await read(), { keys: ['1 a', '2 b'], problems: [] });
    await write('c');
    assert.deepEqual(await read(), { keys: ['1 a', '2 b', '3 c'], problems: [] });
  });

  it('finds the last number of a file that is longer than the tail it reads', async () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, index) => `${encodeLine({ n: index + 1, key: `key-${index}` })}\n`,
    );
    await writeFile(path, lines.join(''));
    await write('last');
    const { keys, problems } = await read();
    assert.deepEqual([keys.length, keys.at(-1), problems], [30_001, '30001 last', []]);
  });

  it('splits lines only at \\n', async () => {
    await write('a\u2028b\u0085c\rd', 'e');
    assert.deepEqual(await read(), { keys: ['1 a\u2028b\u0085c\rd', '2 e'], problems: [] });
  });

  const line = (n: number, more: object = {}): string => encodeLine({ n, key: 'k', ...more });
  const damages: [string, string[], string[]][] = [
    ['a missing line', [line(1), line(3), line(4)], ['2 damaged: found number 3, expected 2']],
    [
      'a repeated line',
      [line(1), line(1), line(2)],
      ['2 damaged: found number 1, expected 2; repeats an earlier line'],
    ],
    [
      'swapped lines',
      [line(1), line(3), line(2), line(4)],
      ['2 damaged: found number 3, expected 2', '3 damaged: found number 2, expected 4'],
    ],
    ['a line without a CRC', ['{"key":"k","n":1}', line(2)], ['1 checksum_missing: no CRC at the start of the line']],
    ['an unknown member', [line(1, { colour: 'red' }), line(2)], ['1 damaged: (root): Unrecognized key: "colour"']],
    [
      'two missing lines after a changed one',
      [line(1), line(2).replace('"k"', '"x"'), line(5)],
      [
        `2 damaged: wrong CRC: recorded ${line(2).slice(8, 16)}, computed ${crcHex('{"key":"x","n":2}')}`,
        '3 damaged: found number 5, expected 3',
      ],
    ],
    ['a complete last line with the wrong number', [line(1), line(9)], ['2 damaged: found number 9, expected 2']],
  ];
  for (const [name, lines, problems] of damages) {
    it(`detects ${name}`, async () => {
      await writeFile(path, `${lines.join('\n')}\n`);
      assert.deepEqual((await read()).problems, problems);
    });
  }

  it('distinguishes a changed last line from a truncated one', async () => {
    await write('a', 'b');
    await appendFile(path, line(3).replace('"k"', '"x"'));
    const { problems } = await read();
    assert.match(problems.join(), /^3 damaged: wrong CRC/);
  });
});
