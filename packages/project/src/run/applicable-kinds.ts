/**
 * Which fault kinds are impossible on a target of somebody's own project, each with the reason: the
 * effect could not be confirmed, or the fault could not be reverted.
 */
import { type FaultKind, faultKinds, kindOf, type Probe } from '@encore/contracts';
import type { Service } from '../compose/compose-model.ts';
import { labels, originalLimits } from '../generate/labels.ts';

export type Reasons = Partial<Record<FaultKind, string>>;

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

/** Kinds that need what only the bundled server has, or that were tried on it only. */
const ofTheBundledServer: Reasons = {
  'memory-pressure': 'needs the stress helper in the image of the target, which only the bundled server has',
  'disk-full': 'needs the stress helper in the image of the target, which only the bundled server has',
  'tool-stall': 'needs circuit breakers that are reported as those of the bundled server',
  'traffic-spike': 'has been tried on the bundled lab only',
};

export function impossibleOnContainer({
  service,
  replicas,
  probes,
  isObserved,
  isSupervised,
}: ContainerFacts): Reasons {
  const limits = originalLimits(service);
  return {
    ...ofTheBundledServer,
    ...(limits[labels.memory] === undefined && {
      'memory-cap': 'it has no memory limit that could be restored; set mem_limit in the Compose file',
    }),
    ...(limits[labels.cpus] === undefined && {
      'cpu-throttle': 'it has no CPU limit that could be restored; set cpus in the Compose file',
    }),
    ...(!isSupervised && { hang: 'no restart policy notices a hang, so nothing ends it; set supervise: true' }),
    ...(!isObserved && { hang: 'nothing observes whether it responds; only recoveryOf is observed' }),
    ...(replicas > 1
      ? { partition: 'other replicas answer in its place, which hides the effect' }
      : !probes.some(canSeeData) && {
          partition: 'no proxy with a probe leads to it, so the effect could not be seen; list a port of it',
        }),
  };
}

/** Without a probe, a proxy looks the same with and without its target. */
const canSeeData = (probe: Probe): boolean => probe !== 'none';

const whenConnecting: readonly FaultKind[] = ['connection-refused'];
const inOneAnswer: readonly FaultKind[] = [...whenConnecting, 'latency', 'jitter'];
const inOneExchange: readonly FaultKind[] = [...inOneAnswer, 'timeout', 'reset-peer'];

/** The kinds whose effect an exchange in this protocol shows; all of them in HTTP. */
const confirmedBy: Readonly<Record<Exclude<Probe, 'http'>, { kinds: readonly FaultKind[]; why: string }>> = {
  postgres: { kinds: inOneExchange, why: 'probe postgres reads one byte, which does not show it' },
  redis: { kinds: inOneExchange, why: 'probe redis reads one short answer, which does not show it' },
  banner: { kinds: inOneAnswer, why: 'probe banner sends no data, without which it has no effect' },
  none: { kinds: whenConnecting, why: 'probe none sees only whether a connection is accepted' },
};

export function impossibleOnProxy(probe: Probe): Reasons {
  if (probe === 'http') return {};
  const { kinds, why } = confirmedBy[probe];
  const all = faultKinds.filter((kind) => kindOf(kind).actsOn === 'proxy');
  return Object.fromEntries(all.filter((kind) => !kinds.includes(kind)).map((kind) => [kind, why]));
}
