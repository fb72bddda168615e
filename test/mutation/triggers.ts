/** Counts how often a seeded bug took effect: one line per trigger, in a file. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Called by a seeded bug; -1 takes back a trigger that did not happen after all. */
export function trigger(count = 1): void {
  appendFileSync(process.env['MUTATION_TRIGGERS'] ?? '/dev/null', `${count}\n`);
}

export function triggersIn(path: string): number {
  if (!existsSync(path)) return 0;
  return readFileSync(path, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0);
}
