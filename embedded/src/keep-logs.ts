/** The programs' logs outlive the lab: beside the report of the run, or in the cache when there was no run. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The folders of the runs that have a report. */
export function resultFolders(results: string): Set<string> {
  try {
    const entries = readdirSync(results, { withFileTypes: true });
    return new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  } catch {
    return new Set();
  }
}

/** Where they are now. `before` are the result folders from before the run. */
export function keepLogs(logs: string, results: string, before: ReadonlySet<string>, otherwise: string): string {
  const [made] = [...resultFolders(results)].filter((name) => name.startsWith('production_test_') && !before.has(name));
  const place = made === undefined ? otherwise : join(results, made, 'logs');
  rmSync(place, { recursive: true, force: true });
  cpSync(logs, place, { recursive: true });
  return place;
}
