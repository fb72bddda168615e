/** Whether a system description permits a kind of fault on a target. */
import { type FaultKind, kindOf, type PlannedSystem, type Target } from '@encore/contracts';
import { isProxy, replicasOf, targetsAllowing, withoutNumber } from '@encore/kit';

/** Returns why the kind is not permitted; null if it is. */
export function kindRefusal(
  system: Pick<PlannedSystem, 'containers' | 'proxies'>,
  target: Target,
  kind: FaultKind,
): string | null {
  const allowing = targetsAllowing(system, kind);
  const container = withoutNumber(target);
  if (allowing.includes(target) || (allowing.includes(container) && replicasOf(system, container).includes(target)))
    return null;
  const { actsOn } = kindOf(kind);
  const possible = allowing.filter((name) => isProxy(name) === (actsOn === 'proxy'));
  if (possible.length === 0) return `${kind} cannot target ${target}; no target of the system allows it`;
  const targets = possible.join(', ');
  return Object.hasOwn(actsOn === 'proxy' ? system.proxies : system.containers, target)
    ? `${target} does not allow ${kind}; these do: ${targets}`
    : `${kind} cannot target ${target}; it acts on a ${actsOn}, and these allow it: ${targets}`;
}
