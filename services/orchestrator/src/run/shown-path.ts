/** Shortens a path for messages: relative inside the current folder, else absolute. */
import { relative } from 'node:path';

export function shownPath(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}
