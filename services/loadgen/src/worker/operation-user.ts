/** What a function of the workload receives for one operation. Its members can be destructured. */
import type { Random } from '@encore/kit/random';
import { CheckFailed, corrupt, type Http, type User, type UserInfo } from '@encore/workload';
import { httpOf } from './http-of.ts';
import type { PlannedOperation } from './user-plan.ts';

interface PlannedFor {
  info: UserInfo;
  planned: PlannedOperation;
  state: unknown;
}

/** What the operation does for its user. */
type Actions = Pick<Http, 'request'> & Pick<User, 'write' | 'remove' | 'newId' | 'skip'>;

export function operationUser({ info, planned, state }: PlannedFor, run: Actions): User<unknown, unknown> {
  let random: Random | null = null;
  return {
    ...info,
    operation: planned.operation,
    operationNumber: planned.number,
    state,
    plan: planned.plan,
    http: httpOf((request) => run.request(request)),
    write: (id, digest, request, options) => run.write(id, digest, request, options),
    remove: (id, request) => run.remove(id, request),
    newId: () => run.newId(),
    skip: (reason) => run.skip(reason),
    check,
    /** Made when it is needed: seeding costs a hash. */
    get random(): Random {
      random ??= info.random.fork(`operation/${planned.number}`);
      return random;
    },
  };
}

function check(condition: unknown, detail: string): void {
  if (!condition) throw new CheckFailed(corrupt(detail));
}
