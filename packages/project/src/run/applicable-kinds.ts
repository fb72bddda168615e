/**
 * Which fault kinds are impossible on a target of a user's project, each with the reason: the
 * effect could not be confirmed, or the fault could not be reverted.
 */
import { type FaultKind, faultKinds, type KindReasons, kindOf, type Probe, unsupportedOn } from '@encore/contracts';
import { isProxy } from '@encore/kit';
import type { Service } from '../compose/compose-model.ts';
import type { ProcessSettings } from '../encore-file/process-system.ts';
import { labels, originalLimits } from '../generate/labels.ts';

export interface ContainerFacts {
  service: Service;
  replicas: number;
  /** The probes of the proxies that lead to it. */
  probes: readonly Probe[];
  /** Encore observes whether it responds. */
  isObserved: boolean;
  /** The supervisor restarts it. */
  isSupervised: boolean;
}

/** What only the bundled lab has. */
const ofTheBundledLab = {
  'stress-helper': 'needs the stress helper in the target’s image, which only the bundled server has',
  breakers: 'needs circuit breakers that are reported the way the bundled server reports them',
  'bundled-lab': 'has only been tried on the bundled lab',
};

const unattended = ({ isObserved, isSupervised }: Pick<ContainerFacts, 'isObserved' | 'isSupervised'>) => ({
  ...(!isObserved && { observer: 'nothing observes whether it responds; only recoveryOf is observed' }),
  ...(!isSupervised && { supervisor: 'no restart policy notices a hang, so nothing ends it; set supervise: true' }),
});

export function impossibleOnContainer({
  service,
  replicas,
  probes,
  isObserved,
  isSupervised,
}: ContainerFacts): KindReasons {
  const limits = originalLimits(service);
  return unsupportedOn('container', {
    ...ofTheBundledLab,
    ...(limits[labels.memory] === undefined && {
      'memory-limit': 'it has no memory limit to restore; set mem_limit in the Compose file',
    }),
    ...(limits[labels.cpus] === undefined && {
      'cpu-limit': 'it has no CPU limit to restore; set cpus in the Compose file',
    }),
    ...unattended({ isObserved, isSupervised }),
    ...(replicas > 1 && { 'only-replica': 'other replicas answer in its place, which hides the effect' }),
    // Without a probe, a proxy looks the same with and without its target.
    ...(probes.every((probe) => probe === 'none') && {
      banner: 'no proxy with a probe leads to it, so the effect could not be seen; list one of its ports',
    }),
  });
}

/** The same for a process. The caller adds the kinds that this machine cannot inject. */
export function impossibleOnProcess({
  limits,
  isObserved,
  isSupervised,
}: Pick<ContainerFacts, 'isObserved' | 'isSupervised'> & Pick<ProcessSettings, 'limits'>): KindReasons {
  return unsupportedOn('container', {
    ...ofTheBundledLab,
    ...(limits.memoryMegabytes === undefined && {
      'memory-limit': 'it has no memory limit to restore; set limits.memoryMegabytes',
    }),
    ...(limits.cpus === undefined && {
      'cpu-limit': 'it has no CPU limit to restore; set limits.cpus',
    }),
    ...unattended({ isObserved, isSupervised }),
  });
}

const inPostgres = 'probe postgres reads one byte, which does not show the effect';
const inRedis = 'probe redis reads one short answer, which does not show the effect';
const inBanner = 'probe banner sends no data, and without data the fault has no effect';
const inNone = 'probe none sees only whether a connection is accepted';

/** What each probe does not show. */
const notShownBy: Readonly<Record<Probe, Parameters<typeof unsupportedOn>[1]>> = {
  http: {},
  postgres: { http: inPostgres },
  redis: { http: inRedis },
  banner: { exchange: inBanner, http: inBanner },
  none: { banner: inNone, exchange: inNone, http: inNone },
};

export const impossibleOnProxy = (probe: Probe): KindReasons => unsupportedOn('proxy', notShownBy[probe]);

/**
 * The kinds of `wanted` that are possible on the target, and a problem for each listed kind that is
 * not.
 */
export function allowedOn(
  { path, target, wanted }: { path: string; target: string; wanted: 'all' | readonly FaultKind[] },
  reasons: KindReasons,
): { kinds: FaultKind[]; problems: string[] } {
  const actsOn = isProxy(target) ? 'proxy' : 'container';
  const kinds = faultKinds.filter((kind) => kindOf(kind).actsOn === actsOn && reasons[kind] === undefined);
  if (wanted === 'all') return { kinds, problems: [] };
  return {
    kinds: kinds.filter((kind) => wanted.includes(kind)),
    problems: wanted.flatMap((kind) =>
      reasons[kind] === undefined ? [] : [`${path}.allowedKinds: ${kind} is impossible: ${reasons[kind]}`],
    ),
  };
}
