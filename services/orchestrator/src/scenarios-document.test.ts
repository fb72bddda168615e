/**
 * Every example in docs/SCENARIOS.md is accepted, or rejected with exactly the message that it
 * quotes.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { type Command, type Problems, parseCommandLine } from './cli/command-line.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const document = readFileSync(join(root, 'docs', 'SCENARIOS.md'), 'utf8');
/** A settings file and, if it follows directly, the expected message. */
const examples = [...document.matchAll(/```yaml\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)].map(
  ([, settings = '', message]) => ({ settings, message }),
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

  it('shows valid and invalid examples', () => {
    assert.equal(examples.filter(({ message }) => message === undefined).length, 3);
    assert.equal(examples.filter(({ message }) => message !== undefined).length, 10);
  });

  for (const [index, { settings, message }] of examples.entries()) {
    it(`example ${index + 1} is ${message === undefined ? 'accepted' : 'rejected with the quoted message'}`, () => {
      const command = read(settings);
      const problems = command.name === 'refused' ? command.problems.map((text) => `${text}\n`).join('') : '';
      assert.equal(problems.replaceAll(`${folder}/`, ''), message ?? '');
      assert.equal(command.name, message === undefined ? 'run' : 'refused');
    });
  }

  it('names every included scenario', () => {
    const named = [...document.matchAll(/^\| `([a-z-]+\.yaml)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(named.toSorted(), readdirSync(join(root, 'scenarios')).toSorted());
  });
});
