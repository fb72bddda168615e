/** Lists what a PASSED verdict does not cover, in this run and in any run. */
import { type FaultKind, faultKinds, kindOf } from '@encore/contracts';
import { pluralize, replicasOf } from '@encore/kit';
import { targetsWithoutFault } from '@encore/plan';
import { isUnsupported } from '../faults/fault-record.ts';
import type { ObservedRun } from './observers.ts';

export function notTested(evidence: ObservedRun): string[] {
  const { faults, plan, notReached, settings, monitoring, run } = evidence;
  const unused = unusedProxies(evidence);
  const unsupported = new Map<string, string>();
  for (const { record } of faults) {
    if (isUnsupported(record)) unsupported.set(record.fault.kind, record.skipped?.reason ?? record.evidence);
  }
  const planned = new Set(plan.faults.map(({ kind }) => kind));
  const others = faultKinds.filter((kind) => !planned.has(kind));
  const untouched = targetsWithoutFault(plan);
  return [
    ...[...unsupported].map(([kind, reason]) => `${kind}: not supported by this engine (${reason})`),
    ...(others.length === 0 ? [] : [`fault kinds that are not in this run's plan: ${others.join(', ')}`]),
    ...(untouched === null ? [] : [untouched]),
    ...(unused.length === 0
      ? []
      : [
          `what clients of ${unused.join(', ')} experience: nothing connected through ${unused.length === 1 ? 'this proxy' : 'these proxies'}`,
        ]),
    ...(notReached === 0 ? [] : [`${pluralize(notReached, 'planned fault')} that the run did not reach`]),
    ...(monitoring === null ? ['whether monitoring notices the faults: Prometheus was not queried'] : []),
    ...(run.checks.writes ? [] : ['integrity of what users wrote: the workload has no readBack']),
    ...(run.checks.writes && !run.checks.phantoms ? ['objects that nobody wrote: the workload has no list'] : []),
    ...(run.capacity?.type === 'capacity_measured' ? [] : ['the capacity of the system without faults and users']),
    ...(settings.profile === 'full' ? [] : ['slow leaks and rare faults: they need a whole day (profile full)']),
    // The smoke job of .github/workflows/ci.yml runs these.
    ...faultKinds.flatMap((kind) => untestedOf(kind, evidence)),
    'Grafana: not covered by this run',
    'power loss: the writes of a killed process survive in the page cache, those of a dead host do not',
    'disk and file corruption, and disks that acknowledge writes they have not stored',
    'clock jumps, and clock drift between machines',
    replicasOf(plan.system, plan.system.recoveryOf).length > 1
      ? 'more than one host'
      : `more than one host, or more than one replica of ${plan.system.recoveryOf}`,
    'a network between machines: all connections stay on one host, and a proxy injects the network faults',
    'clients other than the load generator',
  ];
}

/** Proxies that no client used; none where connections are not visible. */
function unusedProxies({ plan, clients }: ObservedRun): string[] {
  const all = clients.of(Object.keys(plan.system.proxies)) ?? {};
  return Object.keys(all).filter((proxy) => all[proxy]?.length === 0);
}

/** What remains untested of the kind, unless this run covered it. */
function untestedOf(kind: FaultKind, { faults, run }: ObservedRun): string[] {
  const { untested } = kindOf(kind);
  if (untested === undefined) return [];
  const isHere = run.started?.environment[untested.environment] === untested.value;
  const confirmed = faults.some(({ record }) => record.fault.kind === kind && record.effect === 'confirmed');
  return isHere && confirmed ? [] : [untested.text];
}
