import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { type Command, parseCommandLine } from '../cli/command-line.ts';

type Run = Extract<Command, { name: 'run' }>;

/** The parsed run; fails the test if it is refused. */
export function run(argv: string[], env: NodeJS.ProcessEnv = {}): Run {
  const command = parseCommandLine(argv, env, () => 42);
  assert.equal(command.name, 'run', JSON.stringify(command).slice(0, 500));
  return command as Run;
}

/** The problems of a command line; fails the test if it has none. */
export function problems(argv: string[], env: NodeJS.ProcessEnv = {}): string[] {
  const command = parseCommandLine(argv, env);
  assert.equal(command.name, 'refused');
  return command.name === 'refused' ? command.problems : [];
}

/** A folder of files for the tests of a `describe`, which it begins. */
export function testFiles(): { folder: () => string; file: (name: string, text: string | Uint8Array) => string } {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'encore-command-line-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return { folder: () => folder, file };
}
