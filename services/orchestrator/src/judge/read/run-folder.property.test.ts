import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { writeRunFolder } from '../../testing/simulated-run-folder.ts';
import { judge } from '../judge.ts';
import { historyFile, ledgerFile, readRunFolder } from './run-folder.ts';

const faults = [plannedFault(1, { kind: 'crash', target: 'server', atSeconds: 20 })];
const run = new SimulatedRun({ faults, rampSeconds: 3, steadySeconds: 45, operationsPerSecond: 6, probesPerSecond: 2 });
const numRuns = 25;

for (const name of [historyFile, ledgerFile]) {
  describe(`run folder with a damaged ${name}`, function () {
    this.timeout(60_000);
    let folder = '';
    let lines: string[] = [];

    before(async () => {
      const written = await writeRunFolder(run);
      ({ folder } = written);
      await writeFile(join(folder, historyFile), `${written.lines.join('\n')}\n`);
      lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
      assert.equal(await resultOf(wholeText()), 'PASSED', 'the undamaged file passes');
    });
    after(() => rm(folder, { recursive: true }));

    const wholeText = (): Buffer => Buffer.from(`${lines.join('\n')}\n`);

    async function resultOf(text: string | Buffer): Promise<string> {
      await writeFile(join(folder, name), text);
      const { report } = await judge(await readRunFolder(folder));
      return report.result;
    }

    it('does not pass if the lines were shuffled', async () => {
      const order = fc.shuffledSubarray(
        lines.map((_, index) => index),
        { minLength: lines.length },
      );
      await fc.assert(
        fc.asyncProperty(order, async (indexes) => {
          fc.pre(indexes.some((index, place) => index !== place));
          assert.notEqual(await resultOf(`${indexes.map((index) => lines[index]).join('\n')}\n`), 'PASSED');
        }),
        { numRuns },
      );
    });

    it('does not pass if two lines were swapped', async () => {
      const line = fc.nat(lines.length - 1);
      await fc.assert(
        fc.asyncProperty(line, line, async (one, other) => {
          fc.pre(one !== other);
          const swapped = lines.with(one, lines[other] ?? '').with(other, lines[one] ?? '');
          assert.notEqual(await resultOf(`${swapped.join('\n')}\n`), 'PASSED');
        }),
        { numRuns },
      );
    });

    it('does not pass if it was truncated anywhere', async () => {
      const text = wholeText();
      await fc.assert(
        // Without only the final newline nothing is missing.
        fc.asyncProperty(fc.nat(text.length - 2), async (length) => {
          assert.notEqual(await resultOf(text.subarray(0, length)), 'PASSED');
        }),
        { numRuns },
      );
    });

    it('does not pass if a bit was flipped', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(wholeText().length - 2), fc.nat(7), async (place, bit) => {
          const text = wholeText();
          text[place] = (text[place] ?? 0) ^ (1 << bit);
          assert.notEqual(await resultOf(text), 'PASSED');
        }),
        { numRuns },
      );
    });
  });
}
