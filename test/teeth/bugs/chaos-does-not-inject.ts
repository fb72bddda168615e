/** The scheduler tells itself that each fault was injected and bit, and asks the guard for nothing. */
import type { GuardClient } from '../../../services/chaos/src/scheduler/guard-client.ts';
import { hit } from '../hits.ts';

export * from '../../../services/chaos/src/scheduler/guard-client.ts';

export function guardClient(): GuardClient {
  return {
    inject: async ({ fault }) => {
      hit();
      return { injectedAt: Date.now(), bit: 'yes', evidence: 'done', over: fault.durationSeconds === 0 };
    },
    renew: async () => {},
    release: async () => ({ undoneAt: Date.now(), verified: true, evidence: 'undone' }),
  };
}
