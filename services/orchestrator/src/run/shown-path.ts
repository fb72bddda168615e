/** A path as the user would write it: relative where it lies in the current folder, which in a container is the checkout. */
import { relative } from 'node:path';

export function shownPath(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}
