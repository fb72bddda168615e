/** What starts a container again after a crash, and the planned kills after which nothing does. */
import type { Plan, PlannedSystem } from '@encore/contracts';
import { isSupervised, ownValue, pluralize, withoutNumber } from '@encore/kit';

type Policies = Readonly<Record<string, string>>;

/** For `--dry-run`: one line per restart policy. */
export function restartLines({ containers }: PlannedSystem, policies: Policies): string[] {
  const targets = Object.keys(policies).filter((name) => ownValue(containers, name)?.allowedKinds.includes('crash'));
  const lines = Map.groupBy(targets, (name) => starter(policies[name] ?? 'no', isSupervised({ containers }, name)));
  if (targets.length === 0) return [];
  return [
    '',
    'What starts a target again after a crash',
    ...[...lines].map(([what, names]) => `  ${what}: ${names.join(', ')}`),
  ];
}

/** The planned kills after which a container stays down, each with what to change. */
export function killsWithoutRestart({ faults, system }: Plan, policies: Policies): string[] {
  const unsupervised = faults.filter(({ target }) => !isSupervised(system, target));
  return [...Map.groupBy(unsupervised, ({ target }) => target)].flatMap(([target, planned]) => {
    const policy = ownValue(policies, withoutNumber(target)) ?? 'no';
    const most = maxRestarts(policy);
    const crashes = planned.filter(({ kind }) => kind === 'crash').length;
    const outages = planned.filter(({ kind, params }) => kind === 'outage' && params.until === 'supervisor').length;
    const why = most === 0 ? 'it has no restart policy' : `${policy} restarts it ${times(most)}`;
    return [
      ...(crashes > most
        ? [
            `${pluralize(crashes, 'crash', 'crashes')} of ${target} planned, but ${why}, so it stays down. Change its restart policy, set supervise: true in encore.yaml, or plan fewer crashes`,
          ]
        : []),
      ...(outages > 0
        ? [
            `${pluralize(outages, 'outage')} of ${target} planned, but no restart policy starts a target after an outage, so it stays down. Set params: { until: revert } in the schedule, or supervise: true in encore.yaml`,
          ]
        : []),
    ];
  });
}

function starter(policy: string, supervised: boolean): string {
  const most = maxRestarts(policy);
  if (most === 0) return supervised ? "Encore's supervisor" : 'nothing (it has no restart policy)';
  const limit = most === Number.POSITIVE_INFINITY ? '' : `, at most ${times(most)}`;
  return `the restart policy ${policy}${limit}${supervised && limit !== '' ? ", then Encore's supervisor" : ''}`;
}

function maxRestarts(policy: string): number {
  if (policy === 'no') return 0;
  const [, limit] = /^on-failure:(\d+)$/.exec(policy) ?? [];
  return Number(limit ?? 0) || Number.POSITIVE_INFINITY;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
