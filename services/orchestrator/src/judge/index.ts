/** Public API of the judge: the verdict, and the collectors that monitor and metrics share. */

export { Ledger } from './collect/integrity.ts';
export { Interventions, isBeyondDoubt } from './collect/interventions.ts';
export { MemoryFaults } from './collect/memory-faults.ts';
export { RunFacts, readBackFindings } from './collect/run-facts.ts';
export { ServerHealth } from './events/server-health.ts';
export { type Observation, TimeOrder } from './events/time-order.ts';
export { backToNormalOf, recoveryOf } from './faults/fault-record.ts';
export { FaultTracker } from './faults/fault-tracker.ts';
export { History } from './history.ts';
export { brokenRules, type Judgement, judge } from './judge.ts';
export { type Alert, Alerts } from './observations/alerts.ts';
export { missingRestartOptions } from './observations/restart-setup.ts';
export { limitOf } from './rules/rules.ts';
