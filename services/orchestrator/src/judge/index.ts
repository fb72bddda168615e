/** The judge's door: the verdict, the files it reads, and the rules that a config may write. */
export { Alerts, alertRules } from './alerts.ts';
export { recoveryOf } from './fault-record.ts';
export { FaultTracker } from './fault-tracker.ts';
export { Ledger } from './integrity.ts';
export { type JudgedRun, type Judgement, Judging, judge } from './judge.ts';
export { readRunFolder } from './run-folder.ts';
export { parseThreshold } from './threshold.ts';
export { TimeOrder } from './time-order.ts';
