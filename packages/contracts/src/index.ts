/** All schemas that cross a process boundary, one file per boundary. */

export * from './chaos-api.ts';
export * from './config.ts';
export * from './events/chaos-events.ts';
export * from './events/orchestrator-events.ts';
export * from './events.ts';
export * from './fault.ts';
export * from './kinds/kind.ts';
export * from './kinds/kind-table.ts';
export * from './ledger.ts';
export * from './load-limits.ts';
export * from './loadgen-api.ts';
export * from './music-api.ts';
export * from './outcome.ts';
export * from './plan.ts';
export * from './report.ts';
export * from './server-api.ts';
export * from './system.ts';
