import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { z } from 'zod';
import { crcHex } from './canonical-json.ts';
import { NumberedFile, readNumberedLines } from './numbered-file.ts';
import { sealLine } from './numbered-line.ts';

const schema = z.strictObject({ n: z.number(), crc: z.string(), key: z.string() });

describe('a numbered file', () => {
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

  async function read(): Promise<{ keys: string[]; flaws: string[] }> {
    const keys: string[] = [];
    const flaws: string[] = [];
    for await (const { place, value, flaw } of readNumberedLines(path, schema, 'n')) {
      if (value !== null) keys.push(`${value.n} ${value.key}`);
      if (flaw !== null) flaws.push(`${place} ${flaw.kind}: ${flaw.text}`);
    }
    return { keys, flaws };
  }

  it('numbers its lines from 1, and goes on where the last writer ended', async () => {
    await write('a', 'b');
    await write();
    await write('c');
    assert.deepEqual(await read(), { keys: ['1 a', '2 b', '3 c'], flaws: [] });
  });

  it('gives no number to half a line, which ends where the next writer begins', async () => {
    await write('a', 'b');
    await truncate(path, (await readFile(path)).length - 3);
    assert.deepEqual(
      (await read()).flaws.map((flaw) => flaw.slice(0, 15)),
      ['2 torn: no JSON'],
    );
    await write('c');
    const { keys, flaws } = await read();
    assert.deepEqual(keys, ['1 a', '2 c']);
    assert.equal(flaws.length, 1);
    assert.match(flaws[0] ?? '', /^2 damaged: no JSON/);
  });

  it('counts a line of which only the end is missing', async () => {
    await write('a', 'b');
    await truncate(path, (await readFile(path)).length - 1);
    assert.deepEqual(await read(), { keys: ['1 a', '2 b'], flaws: [] });
    await write('c');
    assert.deepEqual(await read(), { keys: ['1 a', '2 b', '3 c'], flaws: [] });
  });

  it('finds its last number at the end of a file that is longer than what it looks through', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `${sealLine({ n: index + 1, key: `key-${index}` })}\n`);
    await writeFile(path, lines.join(''));
    await write('last');
    const { keys, flaws } = await read();
    assert.deepEqual([keys.length, keys.at(-1), flaws], [30_001, '30001 last', []]);
  });

  it('ends a line at nothing but its end', async () => {
    await write('a\u2028b\u0085c\rd', 'e');
    assert.deepEqual(await read(), { keys: ['1 a\u2028b\u0085c\rd', '2 e'], flaws: [] });
  });

  const line = (n: number, more: object = {}): string => sealLine({ n, key: 'k', ...more });
  const damages: [string, string[], string[]][] = [
    ['a line that is missing', [line(1), line(3), line(4)], ['2 damaged: number 3 stands where 2 should']],
    [
      'a line that stands twice',
      [line(1), line(1), line(2)],
      ['2 damaged: number 1 stands where 2 should; its line was there before'],
    ],
    [
      "lines in each other's place",
      [line(1), line(3), line(2), line(4)],
      ['2 damaged: number 3 stands where 2 should', '3 damaged: number 2 stands where 4 should'],
    ],
    ['a line without a CRC', ['{"key":"k","n":1}', line(2)], ['1 unsealed: no CRC at its beginning']],
    [
      'a member that nobody knows',
      [line(1, { colour: 'red' }), line(2)],
      ['1 damaged: (root): Unrecognized key: "colour"'],
    ],
    [
      'two lines that are missing behind one that was changed',
      [line(1), line(2).replace('"k"', '"x"'), line(5)],
      [
        `2 damaged: wrong CRC: it says ${line(2).slice(8, 16)}, and the rest of the line has ${crcHex('{"key":"x","n":2}')}`,
        '3 damaged: number 5 stands where 3 should',
      ],
    ],
    [
      'a last line that is whole and has the wrong number',
      [line(1), line(9)],
      ['2 damaged: number 9 stands where 2 should'],
    ],
  ];
  for (const [name, lines, flaws] of damages) {
    it(`tells ${name}`, async () => {
      await writeFile(path, `${lines.join('\n')}\n`);
      assert.deepEqual((await read()).flaws, flaws);
    });
  }

  it('tells a last line that is whole, and was changed, from one that is torn', async () => {
    await write('a', 'b');
    await appendFile(path, line(3).replace('"k"', '"x"'));
    const { flaws } = await read();
    assert.match(flaws.join(), /^3 damaged: wrong CRC/);
  });
});
