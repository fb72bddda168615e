/** What the judge must know of each kind of fault: when its recovery's clock starts, and what its end may be called. */
import type { FaultKind, Target } from '@encore/contracts';

interface KindTraits {
  /** `kill`: the engine's kill timestamp. `act`: the injection, for the supervisor must end it. `undo`: the verified undo. */
  clock: 'kill' | 'act' | 'undo';
  /** The target's death is what was asked for, hence no accident. */
  deathIsTheAct: boolean;
  /** It takes memory away, so the kernel may end the target for it: a death that was risked, hence no accident either. */
  risksDeath?: true;
  /** What the engine reports of the target because of it; other acts on the target are somebody else's. */
  actions: 'any' | readonly string[];
  /** The server is expected to bear it; an answer while it is still held means that it healed itself. */
  bearable: boolean;
}

const kill: KindTraits = { clock: 'kill', deathIsTheAct: true, bearable: false, actions: ['kill'] };
/** On a proxy: the injector restarts a Toxiproxy that froze, and it may be restarted by its policy. */
const held: KindTraits = { clock: 'undo', deathIsTheAct: false, bearable: false, actions: 'any' };
const paused: KindTraits = { ...held, actions: ['pause', 'unpause'] };
const stopped: KindTraits = { clock: 'undo', deathIsTheAct: true, bearable: false, actions: ['kill', 'stop'] };
const bearable: KindTraits = { clock: 'undo', deathIsTheAct: false, bearable: true, actions: [] };
const scarce: KindTraits = { ...bearable, risksDeath: true, actions: ['update'] };

export const kindTraits: Record<FaultKind, KindTraits> = {
  crash: kill,
  outage: kill,
  restart: stopped,
  freeze: paused,
  hang: { ...paused, clock: 'act', deathIsTheAct: true },
  'memory-cap': scarce,
  'memory-pressure': scarce,
  'tool-stall': bearable,
  'cpu-throttle': { ...held, actions: ['update'] },
  'disk-full': { ...held, actions: [] },
  latency: held,
  jitter: held,
  bandwidth: held,
  'slow-close': held,
  slicer: held,
  'limit-data': held,
  timeout: held,
  'reset-peer': held,
  'connection-refused': held,
  partition: { ...held, actions: [] },
  'database-down': stopped,
  'database-freeze': paused,
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
