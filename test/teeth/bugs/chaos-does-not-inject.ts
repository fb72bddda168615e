/** The scheduler is told that each fault was injected and had its effect; the injector is never asked. */
import { Scheduler as Right } from '../../../services/chaos/src/scheduler/scheduler.ts';
import { hit } from '../hits.ts';

export * from '../../../services/chaos/src/scheduler/scheduler.ts';

export class Scheduler extends Right {
  constructor(parts: ConstructorParameters<typeof Right>[0]) {
    super({
      ...parts,
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
