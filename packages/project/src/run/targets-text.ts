/** Describes for `--dry-run` which kinds are possible on each target, and why others are not. */
import { type FaultKind, faultKinds, type KindReasons, kindOf, type System } from '@encore/contracts';
import { isProxy, runsProxies } from '@encore/kit';

const notAllowed = 'encore.yaml does not allow it';

export function targetsText(system: System, impossible: Readonly<Record<string, KindReasons>>): string[] {
  const all = Object.entries({ ...system.containers, ...system.proxies });
  const targets = all.filter(([name]) => !runsProxies(system, name));
  const width = Math.max(...targets.map(([name]) => name.length));
  return [
    'Targets, and the faults that are possible on each',
    ...targets.map(([name, { allowedKinds }]) => `  ${name.padEnd(width)}  ${allowedKinds.join(', ') || 'none'}`),
    '',
    'What is not possible, and why',
    ...reasonLines(
      targets.flatMap(([target, { allowedKinds }]) =>
        faultKinds
          .filter((kind) => (kindOf(kind).actsOn === 'proxy') === isProxy(target) && !allowedKinds.includes(kind))
          .map((kind) => ({ kind, target, why: impossible[target]?.[kind] ?? notAllowed })),
      ),
    ),
  ];
}

interface Impossible {
  kind: FaultKind;
  target: string;
  why: string;
}

/** One line for all kinds that are impossible on the same targets for the same reason. */
function reasonLines(all: readonly Impossible[]): string[] {
  const targetsOf = Map.groupBy(all, ({ kind, why }) => `${kind}\0${why}`);
  const groups = Map.groupBy(targetsOf.values(), (group) =>
    [group[0]?.why, ...group.map(({ target }) => target)].join('\0'),
  );
  const lines = [...groups.values()].map((group) => {
    const [{ why } = { why: '' }] = group[0] ?? [];
    const kinds = group.map(([one]) => one?.kind).join(', ');
    return `  ${kinds} on ${group[0]?.map(({ target }) => target).join(', ')}: ${why}`;
  });
  return lines.length === 0 ? ['  everything is possible'] : lines;
}
