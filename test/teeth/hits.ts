/** How often a planted bug did its harm, counted where it is planted: one line per count in a file, which survives a kill. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Called by a planted bug; -1 takes a count back, for harm that was feared and did not come. */
export function hit(count = 1): void {
  appendFileSync(process.env['TEETH_HITS'] ?? '/dev/null', `${count}\n`);
}

export function hitsIn(path: string): number {
  if (!existsSync(path)) return 0;
  return readFileSync(path, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0);
}
