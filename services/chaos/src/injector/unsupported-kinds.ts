/** What this lab does not support, as far as it can be known without trying. */
import { faultKinds } from '@encore/contracts';
import { kindApplicability } from '@encore/plan';
import type { ContainerView } from './engine.ts';
import { isProxy } from './lab-proxies.ts';
import { reasonAgainst } from './targets.ts';

export function unsupportedKinds(containers: readonly ContainerView[]): Record<string, string> {
  const unsupported: Record<string, string> = {};
  for (const kind of faultKinds) {
    const targets: readonly string[] = kindApplicability[kind].targets;
    if (targets.some(isProxy)) continue;
    const aims = containers.filter(({ labels }) => targets.includes(labels['encore.target'] ?? ''));
    const refusals = aims.map(({ labels }) => reasonAgainst(labels, kind));
    if (!refusals.includes(null)) unsupported[kind] = refusals[0] ?? 'no container is a target for it';
  }
  return unsupported;
}
