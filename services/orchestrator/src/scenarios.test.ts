import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { parseCommandLine } from './command-line.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'scenarios');

describe('scenarios', () => {
  for (const name of readdirSync(folder)) {
    it(`${name} can be run with any seed, does what it names, and says what it is for`, () => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      assert.match(text, /^# .{30,}/);
      const named = [...text.matchAll(/kind: ([a-z-]+)/g)].map(([, kind]) => kind);
      for (const seed of ['1', '2', '3', '7', '100']) {
        const command = parseCommandLine(['--config', path, '--seed', seed], {});
        assert.ok(command.name === 'run', command.name === 'refused' ? command.problems.join('\n') : command.name);
        const planned = new Set(command.plan.faults.map(({ kind }) => kind));
        if (named.length <= 4)
          for (const kind of named)
            assert.ok(
              [...planned].some((one) => one === kind),
              `${kind} with seed ${seed}`,
            );
      }
    });
  }
});
