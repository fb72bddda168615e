/** What this lab cannot do, as far as it can be known before it is tried. */
import { faultKinds } from '@encore/contracts';
import { kindAims } from '@encore/plan';
import type { ContainerView } from './engine.ts';
import { isLink } from './links.ts';
import { acceptedKinds } from './targets.ts';

export function unsupportedKinds(containers: readonly ContainerView[]): Record<string, string> {
  const unsupported: Record<string, string> = {};
  for (const kind of faultKinds) {
    const targets: readonly string[] = kindAims[kind].targets;
    if (targets.some(isLink)) continue;
    const aims = containers.filter(({ labels }) => targets.includes(labels['encore.target'] ?? ''));
    const consenting = aims.filter(({ labels }) => acceptedKinds(labels).includes(kind));
    if (consenting.length === 0) unsupported[kind] = `no target lists it in its label encore.accepts`;
  }
  return unsupported;
}
