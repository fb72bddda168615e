/** What the judge must know of each kind of fault: when its recovery's clock starts, and what its end may be called. */
import type { FaultKind, Target } from '@encore/contracts';

interface KindTraits {
  /** `kill`: the engine's kill timestamp. `act`: the injection, for the supervisor must end it. `undo`: the verified undo. */
  clock: 'kill' | 'act' | 'undo';
  /** The target's death is what was asked for, hence no accident. */
  deathIsTheAct: boolean;
  /** It takes memory away, so the kernel may end the target for it: a death that was risked, hence no accident either. */
  risksDeath?: true;
  /** The server is expected to bear it; an answer while it is still held means that it healed itself. */
  bearable: boolean;
}

const kill: KindTraits = { clock: 'kill', deathIsTheAct: true, bearable: false };
const held: KindTraits = { clock: 'undo', deathIsTheAct: false, bearable: false };
const stopped: KindTraits = { clock: 'undo', deathIsTheAct: true, bearable: false };
const bearable: KindTraits = { clock: 'undo', deathIsTheAct: false, bearable: true };
const scarce: KindTraits = { ...bearable, risksDeath: true };

export const kindTraits: Record<FaultKind, KindTraits> = {
  crash: kill,
  outage: kill,
  restart: stopped,
  freeze: held,
  hang: { clock: 'act', deathIsTheAct: true, bearable: false },
  'memory-cap': scarce,
  'memory-pressure': scarce,
  'tool-stall': bearable,
  'cpu-throttle': held,
  'disk-full': held,
  latency: held,
  jitter: held,
  bandwidth: held,
  'slow-close': held,
  slicer: held,
  'limit-data': held,
  timeout: held,
  'reset-peer': held,
  'connection-refused': held,
  partition: held,
  'database-down': stopped,
  'database-freeze': held,
  'database-latency': held,
  'traffic-surge': bearable,
};

/** The container that a fault on this target acts upon. */
export const containerOf: Record<Target, string> = {
  server: 'server',
  postgres: 'postgres',
  'client-link': 'toxiproxy',
  'database-link': 'toxiproxy',
};
