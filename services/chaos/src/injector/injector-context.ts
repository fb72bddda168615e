/** What the parts of the injector share. Each part names the members that it uses. */
import type { Clock, Logger } from '@encore/kit';
import type { FaultTools } from './fault-functions.ts';
import type { FaultRegistry } from './fault-registry.ts';
import type { Journal } from './journal.ts';
import type { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

export interface InjectorContext {
  tools: FaultTools;
  registry: FaultRegistry;
  journal: Journal;
  recorder: Recorder;
  metrics: InjectorMetrics;
  lock: KeyedLock;
  clock: Clock;
  /** Returns a signal that aborts after `ms` and for no other reason. */
  deadline: (ms: number) => AbortSignal;
  logger: Logger;
  /** False outside a run, when events are not recorded. */
  inRun: () => boolean;
}
