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

export class OperationUser implements User<unknown, unknown> {
  readonly runId: string;
  readonly parameters: UserInfo['parameters'];
  readonly number: number;
  readonly users: number;
  readonly id: string;
  readonly mix: UserInfo['mix'];
  readonly thinkSeconds: UserInfo['thinkSeconds'];
  readonly operation: string;
  readonly operationNumber: number;
  readonly state: unknown;
  readonly plan: unknown;
  readonly http: Http;
  readonly write: User['write'];
  readonly remove: User['remove'];
  readonly newId: User['newId'];
  readonly skip: User['skip'];
  readonly check = check;
  readonly #ownRandom: Random;
  #random: Random | null = null;

  constructor({ info, planned, state }: PlannedFor, run: Actions) {
    this.runId = info.runId;
    this.parameters = info.parameters;
    this.number = info.number;
    this.users = info.users;
    this.id = info.id;
    this.mix = info.mix;
    this.thinkSeconds = info.thinkSeconds;
    this.operation = planned.operation;
    this.operationNumber = planned.number;
    this.state = state;
    this.plan = planned.plan;
    this.http = httpOf((request) => run.request(request));
    this.write = (id, digest, request, options) => run.write(id, digest, request, options);
    this.remove = (id, request) => run.remove(id, request);
    this.newId = () => run.newId();
    this.skip = (reason) => run.skip(reason);
    this.#ownRandom = info.random;
  }

  /** Made when it is needed: seeding costs a hash. */
  get random(): Random {
    this.#random ??= this.#ownRandom.fork(`operation/${this.operationNumber}`);
    return this.#random;
  }
}

function check(condition: unknown, detail: string): void {
  if (!condition) throw new CheckFailed(corrupt(detail));
}
