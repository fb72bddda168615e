/** `makePlan(config)`: the same config and seed give the same plan, byte for byte, on every machine and engine. */
import type { Plan, PlannedFault, RunConfig } from '@encore/contracts';
import { canonicalJson, sha256Hex } from '@encore/kit';
import { bestSuccessRate } from './best-success-rate.ts';
import { type Draft, layOut } from './layout.ts';
import { steadySecondsOf } from './run-times.ts';

export function makePlan(config: RunConfig): Plan {
  const steadySeconds = steadySecondsOf(config);
  const faults = draftsOf(config, steadySeconds).map(
    (draft, index): PlannedFault => ({ id: `f${String(index + 1).padStart(4, '0')}`, ...draft }),
  );
  const unhashed: Omit<Plan, 'hash'> = {
    version: 1,
    seed: config.seed,
    rampSeconds: config.rampSeconds,
    steadySeconds,
    faults,
    bestSuccessRate: bestSuccessRate(faults, steadySeconds),
  };
  return { ...unhashed, hash: planHash(unhashed) };
}

/** The hash of a plan as it is; a plan whose own hash differs was changed by hand. */
export function planHash(plan: Omit<Plan, 'hash'> & { hash?: string }): string {
  const { hash: _hash, ...rest } = plan;
  return sha256Hex(canonicalJson(rest));
}

function draftsOf(config: RunConfig, steadySeconds: number): Draft[] {
  switch (config.control) {
    case 'none':
      return layOut(config).faults;
    case 'no-bite':
      return layOut(config).faults.map((draft) => ({ ...draft, inert: true }));
    case 'server-down':
      return [
        {
          kind: 'outage',
          target: 'server',
          atSeconds: 0,
          durationSeconds: steadySeconds,
          params: {},
          forbidsStart: true,
        },
      ];
  }
}
