/** The scheduler gets a confirmed effect for each fault, but the injector is never called. */
import { Scheduler as Right } from '../../../services/chaos/src/scheduler/scheduler.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/chaos/src/scheduler/scheduler.ts';

export class Scheduler extends Right {
  constructor(dependencies: ConstructorParameters<typeof Right>[0]) {
    super({
      ...dependencies,
      injector: {
        inject: async ({ fault }) => {
          trigger();
          return { injectedAt: Date.now(), effect: 'confirmed', evidence: 'done', over: fault.durationSeconds === 0 };
        },
        release: async () => ({ revertedAt: Date.now(), verified: true, evidence: 'reverted' }),
        wasInjected: () => false,
      },
    });
  }
}
