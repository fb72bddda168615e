/** docs/SCENARIOS.md tells the truth: its examples are accepted, and its mistakes are refused in the very words that it quotes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Command, type Problems, parseCommandLine } from './command-line.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const document = readFileSync(join(root, 'docs', 'SCENARIOS.md'), 'utf8');
/** A settings file, and what is said of it where that follows at once. */
const examples = [...document.matchAll(/```yaml\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)].map(
  ([, settings = '', said]) => ({ settings, said }),
);

describe('docs/SCENARIOS.md', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-scenarios-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function read(settings: string): Command | Problems {
    const path = join(folder, 'run.yaml');
    writeFileSync(path, settings);
    return parseCommandLine(['--config', path, '--seed', '7'], {});
  }

  it('shows good examples and bad ones', () => {
    assert.equal(examples.filter(({ said }) => said === undefined).length, 3);
    assert.equal(examples.filter(({ said }) => said !== undefined).length, 10);
  });

  for (const [index, { settings, said }] of examples.entries()) {
    it(`example ${index + 1} is ${said === undefined ? 'accepted' : 'refused in the words of the document'}`, () => {
      const command = read(settings);
      const problems = command.name === 'refused' ? command.problems.map((text) => `${text}\n`).join('') : '';
      assert.equal(problems.replaceAll(`${folder}/`, ''), said ?? '');
      assert.equal(command.name, said === undefined ? 'run' : 'refused');
    });
  }

  it('names every scenario that comes along', () => {
    const named = [...document.matchAll(/^\| `([a-z-]+\.yaml)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(named.toSorted(), readdirSync(join(root, 'scenarios')).toSorted());
  });
});
