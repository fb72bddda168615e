/** Creates folders at paths that users choose. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates the folder and those above it that are missing, each with this mode, and returns its
 * path. Level by level: in folders such as /proc, Node's recursive mkdir never returns.
 */
export function createFolder(path: string, mode?: number): string {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const at of missing) {
    mkdirSync(at);
    if (mode !== undefined) chmodSync(at, mode);
  }
  return path;
}
