/** The judge's door: the verdict, and the parts of it that the monitor and the metrics look through as well. */
export { type Alert, Alerts } from './alerts.ts';
export { backToNormalOf, recoveryOf } from './fault-record.ts';
export { FaultTracker } from './fault-tracker.ts';
export { Ledger } from './integrity.ts';
export { Interventions, isBeyondDoubt } from './interventions.ts';
export { type Judgement, Judging, judge } from './judge.ts';
export { MemorySqueezes } from './memory-squeezes.ts';
export { crashLacks } from './restart-setup.ts';
export { limitOf } from './rules.ts';
export { RunFacts, readBackFindings } from './run-facts.ts';
export { type Observation, TimeOrder } from './time-order.ts';
