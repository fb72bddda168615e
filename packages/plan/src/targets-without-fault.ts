/** Names the targets that a plan leaves alone, so that nobody assumes they were tested. */
import type { Plan } from '@encore/contracts';
import { withoutNumber } from '@encore/kit';

/** Null if each target that allows a kind has a fault in the plan. */
export function targetsWithoutFault({
  system: { containers, proxies },
  faults,
}: Pick<Plan, 'system' | 'faults'>): string | null {
  const planned = new Set(faults.map(({ target }) => withoutNumber(target)));
  const names = Object.entries({ ...containers, ...proxies })
    .filter(([name, { allowedKinds }]) => allowedKinds.length > 0 && !planned.has(name))
    .map(([name]) => name);
  return names.length === 0 ? null : `no fault is planned on: ${names.join(', ')}; add a schedule rule`;
}
