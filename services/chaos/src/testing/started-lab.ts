/** A fake lab with a running injector, for tests. */
import type { EncoreEvent, EventOf } from '@encore/contracts';
import type { Injector } from '../injector/injector.ts';
import { FakeLab } from './fake-lab.ts';

export const run = { runId: 'run-1', holder: 'test', ttlMs: 10_000 };

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
  await lab.clock.until(injector.claim(run));
  const renew = { on: true };
  void (async () => {
    for (;;) {
      await lab.clock.sleep(2_000, stop.signal);
      if (renew.on) injector.renewRun(run.runId);
    }
  })().catch(() => {});
  return { lab, injector, stop, renew };
}
