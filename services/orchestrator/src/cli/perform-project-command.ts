/** Runs the commands about somebody's own Compose project. They start nothing. */
import { join } from 'node:path';
import { refusedExitCode } from '@encore/contracts';
import { encoreFileName, initProject, printCompose } from '@encore/project';
import { readEncoreFile } from '../settings/encore-file.ts';
import { plainText } from '../text.ts';
import type { CommandContext } from './command-context.ts';
import type { Command } from './command-line.ts';

const schema = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'schema', 'encore.schema.json');

export async function performProjectCommand(
  command: Extract<Command, { name: 'init' | 'compose' }>,
  { wiring, output }: Pick<CommandContext, 'wiring' | 'output'>,
  print: (text: string) => void,
): Promise<number> {
  if (command.name === 'init') {
    const initialized = await initProject({ folder: process.cwd(), schema, ...command });
    if (!initialized.ok) return refused('init', initialized.problems);
    for (const line of initialized.lines) print(line);
    print(`\nNext: read ${encoreFileName}, then run ${wiring.command} compose`);
    return 0;
  }
  const read = readEncoreFile(encoreFileName, wiring.command);
  if (!read.ok) return refused('compose', read.problems);
  const { system } = read.file;
  const printed = await printCompose({ system, path: encoreFileName, ...command });
  if (!printed.ok) return refused('compose', printed.problems);
  for (const note of printed.notes) process.stderr.write(plainText(`${note}\n`));
  output.write(printed.text);
  return 0;
}

function refused(name: string, problems: readonly string[]): number {
  process.stderr.write(
    plainText(`encore ${name}: nothing was written\n${problems.map((one) => `  ${one}\n`).join('')}`),
  );
  return refusedExitCode;
}
