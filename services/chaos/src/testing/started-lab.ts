/** A fake lab with a running injector, for tests. */
import assert from 'node:assert/strict';
import type { EncoreEvent, EventOf } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { Injector } from '../injector/injector.ts';
import { FakeLab } from './fake-lab.ts';

export const run = { runId: 'run-1', ttlMs: 10_000 };

export const events = <Type extends EncoreEvent['type']>(injector: Injector, type: Type): EventOf<Type>[] =>
  injector.recorder.log
    .page(undefined, 0)
    .events.map(({ event }) => event)
    .filter((event): event is EventOf<Type> => event.type === type);

/** A lab with a running injector that has the run lease and renews it. */
export async function startedLab(lab = new FakeLab()): Promise<{
  lab: FakeLab;
  injector: Injector;
  stop: AbortController;
  renew: { on: boolean };
}> {
  const injector = lab.injector();
  const stop = new AbortController();
  void injector.run(stop.signal);
  await lab.clock.advance(1_000);
  await lab.clock.until(injector.lease.claim(run));
  const renew = { on: true };
  void (async () => {
    for (;;) {
      await lab.clock.sleep(2_000, stop.signal);
      if (renew.on) injector.lease.renew(run.runId);
    }
  })().catch(() => {});
  return { lab, injector, stop, renew };
}

/** Resolves with the error; fails unless the promise is rejected with this code. */
export async function rejection(promise: Promise<unknown>, code: string): Promise<EncoreError> {
  const error = await promise.then(
    () => assert.fail(`it should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EncoreError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** Makes each further call of this kind to the engine take `ms` longer. */
export function slow(lab: FakeLab, what: 'list' | 'pause', ms: number): void {
  const { engine, clock } = lab;
  const call: (argument: string) => Promise<never> = engine[what].bind(engine) as never;
  engine[what] = async (argument: string) => {
    await clock.sleep(ms);
    return call(argument);
  };
}
