/** What this lab does not support, as far as it can be known without trying. */
import { faultKinds, type System } from '@encore/contracts';
import { targetsAllowing } from '@encore/kit';

export function unsupportedKinds(system: System): Record<string, string> {
  const all = { ...system.containers, ...system.proxies };
  const unsupported: Record<string, string> = {};
  for (const kind of faultKinds) {
    const reasons = targetsAllowing(system, kind).map((target) => all[target]?.unsupported[kind]);
    if (!reasons.includes(undefined)) unsupported[kind] = reasons[0] ?? 'no target of the system allows it';
  }
  return unsupported;
}
