/** What a green verdict does not speak of: of this run, and of every run so far. */
import { faultKinds } from '@encore/contracts';
import type { Evidence } from './evidence.ts';
import { isUnsupported } from './fault-record.ts';
import { counted } from './words.ts';

export function notTested(evidence: Evidence): string[] {
  const { faults, plan, notReached, settings, monitoring, run } = evidence;
  const unsupported = new Map<string, string>();
  for (const { record } of faults) {
    if (isUnsupported(record)) unsupported.set(record.fault.kind, record.skipped?.reason ?? record.evidence);
  }
  const planned = new Set(plan.faults.map(({ kind }) => kind));
  const others = faultKinds.filter((kind) => !planned.has(kind));
  return [
    ...[...unsupported].map(([kind, reason]) => `${kind}: this engine cannot do it (${reason})`),
    ...(others.length === 0 ? [] : [`kinds of fault that are not in this run's plan: ${others.join(', ')}`]),
    ...(notReached === 0 ? [] : [`${counted(notReached, 'planned fault')} whose time never came`]),
    ...(monitoring === null ? ['whether monitoring would notice the faults: no Prometheus told of its alerts'] : []),
    ...(run.capacity?.type === 'capacity_measured' ? [] : ['how much the server can do without faults and users']),
    ...(settings.profile === 'full' ? [] : ['a whole day: slow leaks and rare faults need the full profile']),
    // The smoke job of .github/workflows/ci.yml asks for both.
    ...(cappedOnVersion2(evidence)
      ? []
      : [
          'memory-cap under control groups of version 2: not in this run, and in none that this release was tried with',
        ]),
    'Grafana: no run looks at it; what its dashboards ask was tried against Prometheus, how it draws them was not',
    'loss of power: a killed process leaves its writes in the page cache, a dead host does not',
    'damage of disks and of files, and disks that lie about what they have written',
    'clocks that jump or drift between machines',
    'more than one host, more than one replica of the server',
    'a network between machines: links here are inside one host, faults are injected by a proxy',
    'clients other than the load generator',
  ];
}

function cappedOnVersion2({ faults, run }: Evidence): boolean {
  return (
    run.started?.environment['cgroupVersion'] === '2' &&
    faults.some(({ record }) => record.fault.kind === 'memory-cap' && record.bit === 'yes')
  );
}
