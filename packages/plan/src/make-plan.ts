/** Makes the plan of a run. Equal config, seed and system give equal bytes on every machine. */
import {
  filesVersion,
  type Plan,
  type PlannedFault,
  type PlannedSystem,
  type RunConfig,
  type System,
} from '@encore/contracts';
import { canonicalJson, plannedSystem, replicasOf, sha256Hex } from '@encore/kit';
import { bestSuccessRate } from './best-success-rate.ts';
import { type Layout, layOut } from './layout.ts';
import { steadySecondsOf } from './run-times.ts';

export function makePlan(config: RunConfig, description: System): Plan {
  const system = plannedSystem(description);
  const steadySeconds = steadySecondsOf(config);
  const { faults: drafts, dropped } = layoutOf(config, system, steadySeconds);
  const faults = drafts.map(
    (draft, index): PlannedFault => ({ id: `f${String(index + 1).padStart(4, '0')}`, ...draft }),
  );
  const unhashed: Omit<Plan, 'hash'> = {
    version: filesVersion,
    seed: config.seed,
    rampSeconds: config.rampSeconds,
    steadySeconds,
    system,
    faults,
    dropped,
    bestSuccessRate: bestSuccessRate(faults, steadySeconds),
  };
  return { ...unhashed, hash: planHash(unhashed) };
}

/** Computes the hash of a plan. A plan whose stored hash differs was edited by hand. */
export function planHash(plan: Omit<Plan, 'hash'> & { hash?: string }): string {
  const { hash: _hash, ...rest } = plan;
  return sha256Hex(canonicalJson(rest));
}

function layoutOf(config: RunConfig, system: PlannedSystem, steadySeconds: number): Pick<Layout, 'faults' | 'dropped'> {
  switch (config.control) {
    case 'none':
      return layOut(config, system);
    case 'noop-faults': {
      const { faults, dropped } = layOut(config, system);
      return { faults: faults.map((draft) => ({ ...draft, noop: true })), dropped };
    }
    case 'server-down':
      return {
        faults: replicasOf(system, system.recoveryOf).map((target) => ({
          kind: 'outage',
          target,
          atSeconds: 0,
          durationSeconds: steadySeconds,
          params: { until: 'never' },
        })),
        dropped: [],
      };
  }
}
