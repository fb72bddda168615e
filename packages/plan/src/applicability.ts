/** Whether a fault is possible on its target, so that an impossible plan is refused early. */
import { type FaultKind, type FaultParams, isInstant, kindOf, type Target } from '@encore/contracts';
import { isProxy } from '@encore/kit';

interface IntendedFault {
  kind: FaultKind;
  target: Target;
  params: FaultParams;
  /** Undefined for the default of the kind. */
  durationSeconds?: unknown;
}

const targets = {
  container: 'a container, whose name has no port',
  proxy: 'a proxy, named as service:port',
};

/** Explains why a fault cannot run as written; null if it can. */
export function applicabilityProblem({ kind, target, params, durationSeconds }: IntendedFault): string | null {
  const { actsOn } = kindOf(kind);
  if ((actsOn === 'proxy') !== isProxy(target)) return `${kind} cannot target ${target}: it acts on ${targets[actsOn]}`;
  if (isInstant({ kind, params }) && durationSeconds !== undefined && durationSeconds !== 0)
    return `${kind} is instant${paramsText(params)}; leave out durationSeconds`;
  return null;
}

function paramsText(params: FaultParams): string {
  const given = Object.entries(params).map(([name, value]) => `${name}: ${value}`);
  return given.length === 0 ? '' : ` with ${given.join(', ')}`;
}
