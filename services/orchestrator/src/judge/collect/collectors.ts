/**
 * All collectors whose figures can change the verdict. Each receives every event; a collector may
 * read those above it, which have already processed the event.
 */
import type { Plan } from '@encore/contracts';
import type { Collector } from '../events/time-order.ts';
import { FaultTracker } from '../faults/fault-tracker.ts';
import { Attribution } from './attribution.ts';
import { Availability } from './availability.ts';
import { Generator } from './generator.ts';
import { Interventions } from './interventions.ts';
import { MemoryFloor } from './memory-floor.ts';
import { Resources } from './resources.ts';
import { type IsFaultFree, RunFacts } from './run-facts.ts';
import { Traffic } from './traffic.ts';

export function createCollectors(plan: Plan) {
  const run = new RunFacts();
  const tracker = new FaultTracker(plan);
  const isFaultFree: IsFaultFree = (fromAt, toAt) =>
    run.phase === 'steady' && !run.injectorFailedWithin(fromAt, toAt) && tracker.ownerOf(fromAt, toAt) === null;
  return {
    run,
    tracker,
    interventions: new Interventions(plan.system, tracker),
    traffic: new Traffic(run),
    attribution: new Attribution(tracker, run),
    availability: new Availability(run, isFaultFree),
    resources: new Resources(tracker, isFaultFree),
    floor: new MemoryFloor(plan.system.recoveryOf, isFaultFree),
    generator: new Generator(),
  } satisfies Record<string, Collector>;
}

export type Collectors = ReturnType<typeof createCollectors>;
