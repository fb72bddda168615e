/** Operations and steps of one user, without a plan, a ledger or a wait. */
import { systemClock } from '@encore/kit';
import { Random } from '@encore/kit/random';
import type { UserInfo } from '@encore/workload';
import type { Dispatcher } from 'undici';
import { type OperationContext, OperationRun } from '../worker/operation-run.ts';
import type { Transport } from '../worker/step.ts';
import type { AnyWorkload, PlannedOperation } from '../worker/user-plan.ts';

export function testTransport(dispatcher: Dispatcher, changes: Partial<Transport> = {}): Transport {
  const cancel = new AbortController().signal;
  const rest = { errors: undefined, cancel, backoffMs: [1, 1], blockedMsSince: () => 0 } as const;
  return { dispatcher, clock: systemClock, ...rest, ...changes };
}

export function testUser(changes: Partial<UserInfo> = {}): UserInfo {
  const run = { runId: 'run', parameters: {}, users: 1, mix: {}, thinkSeconds: { min: 1, max: 2 } };
  return { ...run, number: 1, id: 'run-u1', random: new Random(1), ...changes };
}

interface Tested extends Partial<OperationContext> {
  transport: Transport;
  info?: UserInfo;
  state?: unknown;
  planned?: PlannedOperation;
}

export function testOperation({ info = testUser(), state, planned, ...context }: Tested): OperationRun {
  const operation = {
    info,
    state,
    planned: planned ?? { number: 1, operation: 'add', paceMs: 1, plan: undefined },
    random: info.random,
    suffix: '',
    begin: async () => true,
  } as const;
  const workload = { name: 'tested', operations: {} } as AnyWorkload;
  return new OperationRun(operation, {
    workload,
    record: async () => {},
    reporter: { attemptEnded: () => {} },
    ...context,
  });
}
