/** The scheduler gets a confirmed effect for each fault, but the injector is never called. */
import { Scheduler as Right } from '../../../services/chaos/src/scheduler/scheduler.ts';
import { hit } from '../hits.ts';

export * from '../../../services/chaos/src/scheduler/scheduler.ts';

export class Scheduler extends Right {
  constructor(dependencies: ConstructorParameters<typeof Right>[0]) {
    super({
      ...dependencies,
      injector: {
        inject: async ({ fault }) => {
          hit();
          return { injectedAt: Date.now(), bit: 'yes', evidence: 'done', over: fault.durationSeconds === 0 };
        },
        release: async () => ({ undoneAt: Date.now(), verified: true, evidence: 'undone' }),
        wasInjected: () => false,
      },
    });
  }
}
