/** The dashboards of the bundled lab and those of a run of a user's own project, for tests. */
import type { System } from '@encore/contracts';
import { runDashboards } from '@encore/project/dashboards';
import { dashboards } from '../../scripts/make-dashboards.ts';
import type { Dashboard } from './dashboard-panels.ts';
import { renamedSystem } from './renamed-system.ts';

type Dashboards = Record<string, Dashboard>;

export const bundledDashboards = dashboards() as unknown as Dashboards;

const { alpha } = renamedSystem.containers;
const { 'beta:5432': beta } = renamedSystem.proxies;
if (alpha === undefined || beta === undefined) throw new Error('renamedSystem has no alpha or no beta:5432');
/** With replicas, and an odd number of proxies. */
export const ownSystem: System = {
  ...renamedSystem,
  containers: { ...renamedSystem.containers, alpha: { ...alpha, replicas: 2 } },
  proxies: { ...renamedSystem.proxies, 'beta:5433': beta },
};

export const ownDashboards = (system: System = ownSystem, hasMemoryLimit = false): Dashboards =>
  runDashboards({ ...system, hasMemoryLimit }) as unknown as Dashboards;

export const allDashboards: readonly Dashboard[] = [
  ...Object.values(bundledDashboards),
  ...Object.values(ownDashboards()),
  ...Object.values(ownDashboards(renamedSystem, true)),
];
