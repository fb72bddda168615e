/** Counts how often a seeded bug took effect: one line per hit in a file, which survives a kill. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Called by a seeded bug; -1 takes back a hit that did not happen after all. */
export function hit(count = 1): void {
  appendFileSync(process.env['TEETH_HITS'] ?? '/dev/null', `${count}\n`);
}

export function hitsIn(path: string): number {
  if (!existsSync(path)) return 0;
  return readFileSync(path, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0);
}
