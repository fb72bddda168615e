/** Public API of the judge: the verdict, and the collectors that monitor and metrics share. */
export { type Alert, Alerts } from './alerts.ts';
export { backToNormalOf, recoveryOf } from './fault-record.ts';
export { FaultTracker } from './fault-tracker.ts';
export { Ledger } from './integrity.ts';
export { Interventions, isBeyondDoubt } from './interventions.ts';
export { Evaluation, type Judgement, judge } from './judge.ts';
export { MemoryFaults } from './memory-faults.ts';
export { missingRestartOptions } from './restart-setup.ts';
export { limitOf } from './rules.ts';
export { RunFacts, readBackFindings } from './run-facts.ts';
export { ServerHealth } from './server-health.ts';
export { type Observation, TimeOrder } from './time-order.ts';
