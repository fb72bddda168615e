/** The plan of a run, as a pure function of config and seed. */
export * from './applicability.ts';
export * from './best-success-rate.ts';
export * from './default-schedule.ts';
export * from './kind-refusal.ts';
export * from './make-plan.ts';
export * from './plan-warnings.ts';
export * from './refuse-plan.ts';
export * from './render-timeline.ts';
export * from './targets-without-fault.ts';
